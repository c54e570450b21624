"""Whether those who run it can see how it is, and nobody sees there what people write."""
