"""What Unleash's own programs share: their format of the flags and of a context. An OR is a second strategy."""


def is_in(name, values):
    return {"contextName": name, "operator": "IN", "values": values, "inverted": False, "caseInsensitive": False}


def strategy(percent, group, constraints):
    return {"name": "flexibleRollout", "constraints": constraints,
            "parameters": {"rollout": str(percent), "stickiness": "userId", "groupId": group}}


def definition(flag):
    on = flag.is_on if flag.kind == "static" else True
    if flag.kind == "static":
        strategies = [{"name": "default", "parameters": {}, "constraints": []}]
    elif flag.kind == "one":
        strategies = [strategy(100, flag.key, [is_in("region", flag.regions)])]
    else:
        score = {"contextName": "score", "operator": "NUM_GTE", "value": str(flag.score), "values": [], "inverted": False,
                 "caseInsensitive": False}
        both = [is_in("tier", flag.tiers), score]
        strategies = [strategy(100, flag.key, [*both, is_in("role", [flag.role])]),
                      strategy(100, flag.key, [*both, is_in("region", flag.regions)]), strategy(25, flag.key, [])]
    return {"name": flag.key, "type": "release", "enabled": on, "project": "default", "stale": False,
            "impressionData": False, "strategies": strategies, "variants": []}


def document(flags):
    return {"version": 2, "features": [definition(flag) for flag in flags], "segments": []}


def to_context(context):
    properties = {name: str(value) for name, value in context.items() if name != "targetingKey"}
    return {"userId": context["targetingKey"], "properties": properties}
