"""A pretend WhatsApp: a stand-in for Meta's Graph API and for the customers' phones.

Tests, demo and load share this one pretend world, so that all of them are wrong or right
together. `world` is what there is, `meta` what Graph decides, `delivery` how webhooks go out,
`envelope` what they look like; `graph`, `phones` and `main` put HTTP around it. `customers` are
people who write by themselves, and `colleagues` agents who answer by themselves, by `script` and
`conduct` at a `desk` of theirs. Nothing of Balcão imports it but the command line.
"""
