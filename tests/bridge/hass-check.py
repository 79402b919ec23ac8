#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Checks Home Assistant's discovery topics against their schema.

usage: hass-check.py SCHEMA <MESSAGES     a line each: TOPIC PAYLOAD

Prints the components, a line each: DEVICE PLATFORM STATE-TOPIC COMMAND-TOPIC UNIT DEVICE-CLASS.
Exit 1 when a topic or payload is not what Home Assistant takes, or an id is there twice.
"""

import json
import re
import sys

import jsonschema

TOPIC = re.compile(r"^homeassistant/device/([A-Za-z0-9_-]+)/config$")


def no_twins(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        sys.exit(f"a key is there twice: {keys}")
    return dict(pairs)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        validator = jsonschema.Draft7Validator(json.load(file))
    unique = set()
    for line in sys.stdin:
        topic, payload = line.rstrip("\n").split(" ", 1)
        match = TOPIC.match(topic)
        if match is None:
            sys.exit(f"not a topic of discovery: {topic}")
        device = json.loads(payload, object_pairs_hook=no_twins)
        for error in validator.iter_errors(device):
            sys.exit(f"{topic}: {list(error.absolute_path)}: {error.message}")
        for component in device["cmps"].values():
            if "unique_id" not in component:
                continue
            if component["unique_id"] in unique:
                sys.exit(f"{topic}: {component['unique_id']} is there twice")
            unique.add(component["unique_id"])
            print(device["dev"]["name"], component["p"], *(component.get(key, "-") for key in (
                "state_topic", "command_topic", "unit_of_measurement", "device_class")))
    if not unique:
        sys.exit("no component at all")


main()
