"""Prometheus' text format, read strictly: what a scraper would refuse or misread is an error here."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? ([^ ]+)(?: (-?\d+))?")
ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class Sample:
    def __init__(self, series, name, labels, value, milliseconds):
        self.series = series  # name and labels as they were written
        self.name = name
        self.labels = labels
        self.value = value
        self.milliseconds = milliseconds

    def has(self, **labels):
        return all(self.labels.get(name) == value for name, value in labels.items())


class Exposition:
    """Families by name, each a list of samples; `kinds` has their types."""

    def __init__(self, text):
        self.kinds = {}
        self.families = {}
        if not text.endswith("\n"):
            raise ValueError(f"the last line has no end: {text[-80:]!r}")
        family = None
        seen = set()
        for line in text[:-1].split("\n"):
            if line.startswith("# HELP "):
                family = line.split(" ")[2]
                if family in self.families:
                    raise ValueError(f"family {family} is there twice")
                self.families[family] = []
                seen = set()
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                if name != family or kind not in ("counter", "gauge", "histogram", "summary", "untyped"):
                    raise ValueError(f"not a type of family {family}: {line!r}")
                self.kinds[name] = kind
            else:
                sample = parse_sample(line)
                if family not in self.kinds or sample.name not in self.names(family):
                    raise ValueError(f"outside of its family {family}: {line!r}")
                key = (sample.name, *sorted(sample.labels.items()))
                if key in seen:
                    raise ValueError(f"there twice: {line!r}")
                seen.add(key)
                self.families[family].append(sample)

    def names(self, family):
        """The names that samples of a family may have."""
        return {family + end for end in ("_bucket", "_sum", "_count")} if self.kinds[family] == "histogram" else {family}

    def by_series(self):
        return {sample.series: sample.value for samples in self.families.values() for sample in samples}

    def samples(self, name, **labels):
        return [sample for sample in self.families.get(name, []) if sample.has(**labels)]

    def value(self, name, **labels):
        """The value of the one sample with these labels; None if there is none."""
        found = self.samples(name, **labels)
        if len(found) > 1:
            raise ValueError(f"{len(found)} samples of {name} with {labels}")
        return found[0].value if found else None


def parse_sample(line):
    match = SAMPLE.fullmatch(line)
    if match is None:
        raise ValueError(f"not a sample: {line!r}")
    labels = {}
    rest = match[2] or ""
    while rest:
        label = LABEL.match(rest)
        if label is None or label[1] in labels:
            raise ValueError(f"broken labels: {line!r}")
        labels[label[1]] = re.sub(r"\\.", lambda escape: ESCAPES[escape[0]], label[2])
        rest = rest[label.end():]
    return Sample(line[: match.start(3) - 1], match[1], labels, float(match[3]), int(match[4]) if match[4] else None)
