"""What a scrape of /metrics said, for looking things up in it."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """One answer of /metrics, read by Prometheus' own rules."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    @property
    def names(self) -> set[str]:
        """Every name that a query may use, also of what has not happened yet."""
        declared = {line.split()[2] for line in self.text.splitlines() if line.startswith("# TYPE")}
        return declared | {sample.name for sample in self.samples}

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of this name that have these labels."""
        found = [
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        assert found, f"no {name} with {labels}"
        return sum(found)

    def labels(self, name: str, label: str) -> set[str]:
        """The values that a label of this figure has."""
        return {sample.labels[label] for sample in self.samples if sample.name == name}
