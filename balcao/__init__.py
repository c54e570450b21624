"""Balcão: WhatsApp customer service on one's own machine."""
