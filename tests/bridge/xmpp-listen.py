#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Prints what it is told by XMPP. usage: xmpp-listen.py JID PASSWORD SERVER"""

import sys

import slixmpp

xmpp = slixmpp.ClientXMPP(sys.argv[1], sys.argv[2])


def started(_):
    xmpp.send_presence()
    print("ready", flush=True)


xmpp.add_event_handler("session_start", started)
xmpp.add_event_handler("message", lambda message: print(message["body"], flush=True))
xmpp.connect((sys.argv[3], 5222))
xmpp.process(forever=True)
