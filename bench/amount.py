"""How a page or a picture writes a measured value: three digits that count, and the unit that fits."""
# The factor from one unit to the next, and the value from which on that one is used: 1 035 bytes tell more than 1.01 KiB.
STEPS = {"ns": (1_000, 1_000, ("ns", "µs", "ms")), "bytes": (1_024, 10_240, ("bytes", "KiB", "MiB"))}


def number(value):
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}".replace(",", " ")


def amount(value, unit):
    factor, least, units = STEPS.get(unit, (1, 1, (unit,)))
    place = 0
    while place + 1 < len(units) and value >= least:
        value, place = value / factor, place + 1
    return f"{number(value)} {units[place]}"
