/* SPDX-License-Identifier: ISC */
/*
 * The table of all settings. Reading, printing, comparing, the words of an error and the test
 * of rpld.conf(5) go through it: a setting that stands here is everywhere.
 */
#ifndef CONF_TABLE_H
#define CONF_TABLE_H

#include "conf/conf.h"

/* Where a setting stands in the file. The first ones live in struct conf, RADIO's in each struct
 * conf_radio, those from CONF_GROUP_INSTANCE on in each struct conf_instance. */
enum conf_group {
    CONF_GROUP_TOP,
    CONF_GROUP_CONTROL,
    CONF_GROUP_STATE,
    CONF_GROUP_LOG,
    CONF_GROUP_LIMITS,
    CONF_GROUP_ACCESS,
    CONF_GROUP_BRIDGE,
    CONF_GROUP_RADIO,
    CONF_GROUP_INSTANCE,
    CONF_GROUP_DODAG,
    CONF_GROUP_COMPAT,
    CONF_GROUP_MRHOF,
    CONF_GROUP_CONSTRAINTS,
    CONF_GROUP_COUNT
};

enum conf_kind {
    CONF_NUMBER,     /* min..max, or one of words; stored in size octets */
    CONF_HEX,        /* a NUMBER that is written in hexadecimal, four digits */
    CONF_DBM,        /* decibel, with a fraction, stored in hundredths; or one of words */
    CONF_CONTEXTS,   /* prefixes, a struct conf_contexts */
    CONF_PREFIXES,   /* prefixes of any length, a struct rpl_prefixes */
    CONF_EUI64_LIST, /* EUI-64s, a struct conf_eui64_list */
    CONF_NAMES,      /* groups of a node and its name, a struct conf_node_names */
    CONF_EUI64,      /* an EUI-64, or the word that stands for zero */
    CONF_CHOICE,     /* one of words */
    CONF_CODE,       /* a number that is one of words, written bare: 0x63 */
    CONF_SWITCH,     /* "on", "off", true, false; a bool */
    CONF_INTERFACE,  /* an interface name */
    CONF_LINK,       /* the same, or "" */
    CONF_USER,       /* a user or group name, or "" */
    CONF_PATH,       /* an absolute path */
    CONF_ADDRESS,    /* dodag_id: "auto" or a routable IPv6 address */
    CONF_PREFIX,     /* prefix: "auto" or a routable /64 */
    CONF_INTERFACES, /* interfaces: a list of interface names */
    CONF_SECURITY    /* "none", which is not stored */
};

#define CONF_ROOT_ONLY 0x1u  /* refused unless role is "root" */
#define CONF_NOT_ROOT 0x2u   /* refused if role is "root" */
#define CONF_RELOADABLE 0x4u /* SIGHUP takes a change over */
#define CONF_REQUIRED 0x8u   /* has no default */

#define CONF_DBM_MIN (-40) /* of CONF_DBM */
#define CONF_DBM_MAX 30

struct conf_word {
    const char *word; /* NULL ends the list */
    uint32_t value;
    const char *refused; /* not NULL: known, but why it cannot be had */
};

struct conf_setting {
    enum conf_group group;
    const char *name;
    enum conf_kind kind;
    unsigned flags;
    uint32_t min, max;             /* NUMBER; of a list: how many elements */
    const struct conf_word *words; /* NUMBER, CHOICE, CODE, DBM, EUI64; may be NULL with NUMBER */
    size_t offset, size;           /* in struct conf, struct conf_radio or struct conf_instance */
    const char *help;              /* one line for `rpld -T`, no full stop */
};

struct conf_group_info {
    const char *name; /* "" at the top */
    enum conf_group parent;
    unsigned flags; /* CONF_ROOT_ONLY, CONF_NOT_ROOT for the whole group */
    bool open;      /* unknown settings belong to somebody else */
};

extern const struct conf_setting conf_table[];
extern const size_t conf_table_count;
extern const struct conf_group_info conf_groups[CONF_GROUP_COUNT];

/* NULL if there is no such setting; CONF_GROUP_COUNT if there is no such group. */
const struct conf_setting *conf_setting_find(enum conf_group group, const char *name);
enum conf_group conf_group_find(enum conf_group parent, const char *name);

/* What may be written, as a phrase: "a number from 3 to 24". */
void conf_setting_allowed(const struct conf_setting *setting, char *out, size_t size);

/* The value as it is written in the file. |base| is the struct that |offset| means. */
void conf_setting_format(const struct conf_setting *setting, const void *base, char *out,
                         size_t size);

bool conf_setting_equal(const struct conf_setting *setting, const void *a, const void *b);
void conf_setting_copy(const struct conf_setting *setting, void *to, const void *from);

/* The number behind a NUMBER, HEX, CHOICE, CODE or SWITCH; of a DBM, as uint32_t. */
uint32_t conf_setting_get(const struct conf_setting *setting, const void *base);
void conf_setting_set(const struct conf_setting *setting, void *base, uint32_t value);

#endif /* CONF_TABLE_H */
