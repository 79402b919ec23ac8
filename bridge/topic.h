/* SPDX-License-Identifier: ISC */
/*
 * Names: from a node's resource to an MQTT topic, and patterns over both.
 *
 * BASE/NODE/RES and BASE/NODE/RES/NAME. Whatever a node calls its resources, no octet of it can
 * act in a topic: in each segment the octets that mean something to a broker or to this bridge
 * are written %XX. These are: control characters, + # % and a slash inside a segment, a $ at its
 * head, everything that is not valid UTF-8, and the first letter of a segment that is one of the
 * words the bridge itself puts behind a resource (set, get, result, error, observe, info,
 * availability). An empty segment is a lone %. The mapping is one to one.
 */
#ifndef BRIDGE_TOPIC_H
#define BRIDGE_TOPIC_H

#include "bridge/brg.h"

#define BRG_TOPIC_MAX 512 /* octets of a whole topic, with its NUL */
#define BRG_NAME_MAX 64   /* octets of a node's name, with its NUL */
#define BRG_EUI64_TEXT 17 /* 16 lower-case hex digits and a NUL */

/* Writes the escaped form of a percent-encoded URI path ("s/temp") into |buf| and terminates it.
 * -BRG_ERR_SIZE, -BRG_ERR_FORMAT (a broken percent escape). */
int brg_topic_path(char *buf, size_t size, const char *path);

/* The same for a name that is no URI (a SenML name); slashes make levels. */
int brg_topic_name(char *buf, size_t size, const char *name);

/* Puts together |n| parts with slashes between. -BRG_ERR_SIZE. */
int brg_topic_join(char *buf, size_t size, const char *const parts[], size_t n);

/* May this be BASE? Not empty, at most 64 octets, valid UTF-8 without control characters, + # or
 * a $ or slash at its head or a slash at its end. */
bool brg_topic_base_ok(const char *base);

/* May a node be called that? A part of a topic of at most 63 octets, perhaps of several levels,
 * that is no EUI-64 and has none of the bridge's own words as a level. */
bool brg_name_ok(const char *name);

/* Does |text| match |pattern|? * stands for any octets, also none; ? for one. */
bool brg_glob(const char *pattern, const char *text);

/* A resource pattern: matched against PATH and against NODE/PATH. */
bool brg_glob_resource(const char *pattern, const char *node, const char *path);

/* Reads 16 hex digits of any case, with or without : or - between octets, into lower case.
 * -BRG_ERR_FORMAT. */
int brg_eui64_parse(const char *text, char ret_text[BRG_EUI64_TEXT]);

/* The EUI-64 inside an interface identifier (RFC 4291 appendix A: the u bit inverted). */
void brg_eui64_from_address(const uint8_t ip[16], char ret_text[BRG_EUI64_TEXT]);

/* How many octets the UTF-8 sequence at |text| has; 0 when it is none that may be sent (RFC 3629,
 * and no control character). */
size_t brg_utf8_length(const char *text, size_t len);

/* Is all of it valid UTF-8, control characters allowed? */
bool brg_utf8_valid(const char *text, size_t len);

#endif
