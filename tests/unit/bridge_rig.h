/* SPDX-License-Identifier: ISC */
/* A core with a real endpoint and outbox on virtual time; node and broker are the test. */
#ifndef TESTS_UNIT_BRIDGE_RIG_H
#define TESTS_UNIT_BRIDGE_RIG_H

#include "tests/unit/bridge_lib.h"

#include "bridge/core.h"

#define EUI1 "00124b0000010000"
#define EUI2 "00124b0000020000"

extern struct heap heap;
extern const struct brg_alloc alloc;
extern struct coap_endpoint *ep;
extern struct brg_outbox *outbox;
extern struct brg_core *core;
extern struct brg_now now;
extern unsigned trace_counts[BRG_TRACE_FULL + 1];

/* The requests that are on the air, oldest first, and what came beside them in the last run. */
extern struct coap_msg air[16];
extern size_t n_air;
extern unsigned acks;
extern unsigned resets;

/* Carries out what the core and the endpoint want now. */
void run(void);

/* Time passes, stopping wherever something is due. */
void pass(double seconds);

/* Time passes until there is a request on the air, |seconds| at most. */
void pass_to_request(double seconds);

void ip_of(const char *eui64, uint8_t ip[16]);
void up(const char *eui64);

/* The oldest request on the air is for this path; takes it off. */
struct coap_msg request_for(const char *path);

struct answer {
    enum coap_type type;
    uint8_t code;
    uint16_t mid;
    int format_plus1;
    int seq_plus1;
    const char *payload;
    size_t len;
};

/* A message of the node with the token of |request|. */
void answer(const char *eui64, const struct coap_msg *request, struct answer what);

/* Its acknowledgement with a response. */
void reply(const char *eui64, const struct coap_msg *request, uint8_t code, int format, int seq,
           const char *payload);

/* Brings node 1 up and answers its discovery with |links|. */
void discovered(const char *links);

/* The next message for the broker is this one, and is taken by it. */
void expect(const char *topic, const char *payload, int qos, bool retain);
void expect_nothing(void);
void expect_availability(const char *eui64, const char *word);

/* Makes it all; |tweak| may change the configuration. */
int setup_with(void (*tweak)(struct brg_core_config *config));
int setup(void **state);
int teardown(void **state);

#endif
