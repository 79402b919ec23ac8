/* SPDX-License-Identifier: ISC */
/*
 * What outlives the process: the pure part's view of the spool (spool.h implements it).
 *
 * Messages have ascending ids and are written, read and done with in that order. All writing
 * happens between begin() and commit(), which is one transaction: either all of it is there after
 * a crash or nothing. Functions return 0 or -BRG_ERR_x; after a failure rollback() ends the
 * transaction.
 */
#ifndef BRIDGE_STORE_H
#define BRIDGE_STORE_H

#include "bridge/coap.h"
#include "bridge/payload.h"

enum brg_content {
    BRG_CONTENT_UNSAID,
    BRG_CONTENT_TEXT,
    BRG_CONTENT_JSON,
    BRG_CONTENT_OCTETS,
    BRG_CONTENT_READING, /* JSON of brg_reading_write(), told with its age */
    BRG_CONTENT_SENML,   /* JSON of brg_senml_write() */
};

#define BRG_CONTENTS (BRG_CONTENT_SENML + 1)

/* A message to the broker. */
struct brg_message {
    const char *topic;
    const void *payload;
    size_t len;
    int qos;
    bool retain;
    bool sure; /* a state that its maker was promised: the store has it with the next transaction,
                  and not only now and then */
    enum brg_content content;
    int mid;              /* the MQTT library's; written by whoever hands the message over */
    const uint8_t *props; /* of MQTT 5, see props.h */
    size_t props_len;
    double at_s;       /* when it was made, since 1970; 0: not known */
    uint32_t expiry_s; /* of use for so long from then on; 0: for ever */
};

/* An observation, with what is needed to go on with it: see coap_restore(). */
struct brg_observation {
    const char *eui64;
    const char *path;
    const char *topic; /* what stands behind BASE/NODE/ */
    const char *rt;    /* of its link; NULL: none */
    const char *ifs;
    uint8_t ip[16];
    int format;        /* to write with */
    const char *shape; /* and what SenML is to look like; NULL: not known */
    bool event;
    bool writable;
    double seen_s; /* read only: when its last value was written, since 1970; 0: not known */
    bool waits;    /* read only: that value waits for the broker, among the messages */
    struct coap_registration registration;
};

/* What people said of a node while a bridge ran. */
struct brg_custom {
    const char *eui64;
    const char *name; /* NULL: as the configuration says */
    struct brg_options options;
};

/* One series of a resource: what its values are like. */
struct brg_remembered {
    const char *eui64;
    const char *path;
    const char *name; /* "": the resource's own */
    int kind;         /* enum brg_value_kind */
    const char *unit; /* "": none */
    const char *rt;   /* of its link; NULL: none */
    const char *ifs;
    const char *shape; /* as of struct brg_observation */
    uint8_t ip[16];
    bool event;
    bool writable;
    bool pushed; /* the node sends it unasked */
};

typedef void brg_each_remembered(void *arg, const struct brg_remembered *remembered);
typedef void brg_each_custom(void *arg, const struct brg_custom *custom);
typedef void brg_each_message(void *arg, uint64_t id, const struct brg_message *message);
typedef void brg_each_observation(void *arg, const struct brg_observation *observation);

struct brg_store {
    int (*begin)(void *ctx);
    int (*put)(void *ctx, uint64_t id, const struct brg_message *message);
    /* Messages of lower ids have arrived. */
    int (*done)(void *ctx, uint64_t before);
    /* The newest value of a retained topic, to be published again when a broker has forgotten it;
     * beside put(), and without its promise unless the message is |sure|. */
    int (*state)(void *ctx, uint64_t id, const struct brg_message *message);
    int (*observe)(void *ctx, const struct brg_observation *observation);
    int (*forget)(void *ctx, const char *eui64, const char *path);
    /* In place of what this series was like before. */
    int (*series)(void *ctx, const struct brg_remembered *remembered);
    /* Its observations and series. */
    int (*forget_node)(void *ctx, const char *eui64);
    /* In place of what was said of the node before. */
    int (*custom)(void *ctx, const struct brg_custom *custom);
    /* What was written is on the disk when it returns 0. */
    int (*commit)(void *ctx);
    void (*rollback)(void *ctx);
    /* This message, or what would have become one, does not get to the broker: it is among the dead
     * from the next transaction on. Outside of one; a copy of it is taken. */
    void (*bury)(void *ctx, const struct brg_message *message, const char *reason);
    /* Calls |each| for at most |n| messages with ids above |after|, the oldest first. Outside of
     * a transaction. Their number, or -BRG_ERR_x. */
    int (*load)(void *ctx, uint64_t after, size_t n, brg_each_message *each, void *arg);
    void *ctx;
};

#endif
