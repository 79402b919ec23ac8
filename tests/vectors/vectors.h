/* SPDX-License-Identifier: ISC */
/* What the tests on recorded packets share: reading them, and their fields by name. */
#ifndef TESTS_VECTORS_VECTORS_H
#define TESTS_VECTORS_VECTORS_H

#include <cjson/cJSON.h>

#include "rpl/rpl_data.h"
#include "rpl/rpl_wire.h"

#define VECTOR_MAX 2048
#define FIELDS_MAX 128

/* A whole IPv6 packet and where its ICMPv6 message stands (0: it holds none). */
struct vector {
    uint8_t packet[VECTOR_MAX];
    size_t len;
    size_t icmp;
    struct rpl_addr src, dst; /* of the checksum: |dst| is the final destination */
};

/* Octets of a string of hexadecimal digits; aborts the test on anything else. */
size_t vector_hex(const char *hex, uint8_t *out, size_t size);

/* Fill |vector| from hexadecimal digits and find the ICMPv6 message behind the RPL headers. */
void vector_load(struct vector *vector, const char *hex);

/* Read the RPL message of |vector|: 0, or minus the counter. */
int vector_read(const struct vector *vector, struct rpl_wire_message *msg);

/* The same for its first |len| octets, with a checksum to match. */
int vector_read_cut(const struct vector *vector, size_t len, struct rpl_wire_message *msg);

/* The whole JSON file, to be freed with cJSON_Delete(). */
cJSON *vectors_json(void);

/* A list of the file and one of its vectors by id; abort the test if it is not there. */
const cJSON *vectors_list(const cJSON *root, const char *name);
void vectors_find(const cJSON *root, const char *id, struct vector *vector);
const char *vectors_text(const cJSON *object, const char *name);
int vectors_number(const cJSON *object, const char *name);

/* A value under a name as the JSON file spells it: a number, or octets where len > 0. */
struct field {
    char name[40];
    uint64_t number;
    uint8_t octets[40];
    size_t len;
};

struct fields {
    struct field field[FIELDS_MAX];
    size_t count;
};

/* All that we decode from a packet, by name. */
void fields_of_packet(struct fields *fields, const struct vector *vector);
void fields_of_message(struct fields *fields, const struct rpl_wire_message *msg);

const struct field *fields_find(const struct fields *fields, const char *name);

#endif /* TESTS_VECTORS_VECTORS_H */
