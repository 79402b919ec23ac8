/* SPDX-License-Identifier: ISC */
/*
 * The configuration of rpld: a libconfig file in, one checked struct out. rpld.conf(5) is the
 * reference of the settings; one table (conf/table.c) drives reading, printing and that page.
 *
 * Nothing is ever half applied: conf_load() fills the whole struct or leaves it alone and
 * reports every error of the file in one go. The structs hold no pointers: copy them freely,
 * there is nothing to release.
 *
 * Not done here: making the "auto" prefix (the daemon keeps it in its state), looking whether
 * interfaces, users or directories exist, and the contents of the bridge group beyond what
 * rpld itself needs to start the bridge.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "rpl/rpl.h"

#define CONF_FILE_DEFAULT "/etc/rpld/rpld.conf"

#define CONF_SOCKET_MAX 108      /* with its NUL: what struct sockaddr_un holds */
#define CONF_PATH_MAX 256        /* with its NUL */
#define CONF_NAME_MAX 32         /* users and groups, with the NUL */
#define CONF_FILE_MAX (1u << 20) /* a longer file is refused, octets */

#define CONF_ERRORS_MAX 64
#define CONF_ERROR_FILE_MAX 256
#define CONF_ERROR_SETTING_MAX 128
#define CONF_ERROR_VALUE_MAX 96
#define CONF_ERROR_TEXT_MAX 320

/* ---- the configuration ------------------------------------------------------------- */

enum conf_log_to { CONF_LOG_STDERR, CONF_LOG_SYSLOG };

/* More is chattier. */
enum conf_log_level {
    CONF_LOG_ERROR,
    CONF_LOG_WARNING,
    CONF_LOG_NOTICE,
    CONF_LOG_INFO,
    CONF_LOG_DEBUG
};

/* What a root demands of paths (RFC 6551); 0 = nothing. At most RPL_CONSTRAINTS_MAX of them. */
struct conf_constraints {
    uint32_t energy;     /* least E_E */
    uint32_t hops;       /* most */
    uint32_t throughput; /* least, octets/s */
    uint32_t latency_us; /* most */
    uint32_t etx;        /* most, x128 */
    bool optional;       /* a path that does not meet them may be used all the same */
};

struct conf_instance {
    /* Ready for the engine, except |prefix| of a root with |prefix_auto|. */
    struct rpl_instance_config rpl;
    bool prefix_auto; /* root: a random RFC 4193 /64, to be made once and kept in the state */
    struct conf_constraints constraints; /* as in rpl.constraint[] */
    char uplink[RPL_IFNAME_MAX];         /* root: where the prefix is taken from; "" = nowhere */
    char grounded_by[RPL_IFNAME_MAX];    /* root: G is 1 only while it is up; "" = always */
    uint32_t uplink_subnet;              /* which /64 of a shorter prefix, or the last one */
#define CONF_SUBNET_LAST UINT32_MAX
    uint32_t interface_count; /* at least 1 */
    char interface[RPL_INTERFACES_MAX][RPL_IFNAME_MAX];
};

#define CONF_RADIOS_MAX 8
#define CONF_EUI64_LEN 8
#define CONF_TX_POWER_DRIVER INT32_MIN /* as the driver has it */

/* An 802.15.4 radio that the daemon sets up. */
struct conf_radio {
    uint8_t eui64[CONF_EUI64_LEN];   /* as it is written, first octet first; 0 = the only one */
    uint8_t address[CONF_EUI64_LEN]; /* the EUI-64 it is given; 0 = it keeps its own */
    uint8_t page, channel;
    uint16_t pan_id;
    int32_t tx_power; /* 1/100 dBm, or CONF_TX_POWER_DRIVER */
    bool ack_request; /* unicast frames are acknowledged, and repeated if they are not */
    uint8_t retries;  /* how often */
    char interface[RPL_IFNAME_MAX]; /* 6LoWPAN interface on top of it; some instance has it */
};

/* Frames that the kernel's 6LoWPAN cannot read. */
enum conf_decode {
    CONF_DECODE_AUTO,   /* the daemon reads them */
    CONF_DECODE_ALWAYS, /* and all other data, which the kernel then must not */
    CONF_DECODE_NEVER
};

/* Prefixes of /64 that nodes compress addresses with (RFC 6282), by number; unspecified: none. */
#define CONF_CONTEXTS_MAX 16
struct conf_contexts {
    uint32_t count;
    struct rpl_addr prefix[CONF_CONTEXTS_MAX];
};

/* EUI-64s as numbers, first octet on top; in the order of the file. */
struct conf_eui64_list {
    uint32_t count;
    uint64_t eui64[RPL_ACCESS_MAX];
};

/* Names of nodes, for people. */
#define CONF_NODE_NAMES_MAX 256
#define CONF_NODE_NAME_MAX 64
struct conf_node_name {
    struct rpl_addr node; /* one in fe80::/64 means every address with its interface identifier */
    char name[CONF_NODE_NAME_MAX];
};
struct conf_node_names {
    uint32_t count;
    struct conf_node_name entry[CONF_NODE_NAMES_MAX];
};

/* Who may take part. */
struct conf_access {
    struct conf_eui64_list allow; /* empty: everybody */
    struct conf_eui64_list deny;
};

struct conf_control {
    char socket[CONF_SOCKET_MAX]; /* /run/rpld/rpld.sock */
    char group[CONF_NAME_MAX];    /* owns the socket: its members may read; "" = leave it */
};

struct conf_state {
    char directory[CONF_PATH_MAX]; /* /var/lib/rpld */
    uint32_t writes_per_hour;      /* at most; for the sake of SD cards */
};

struct conf_log {
    enum conf_log_to to;
    enum conf_log_level level;
};

/* The rest of the bridge group belongs to rpld-bridge, which reads the same file. */
struct conf_bridge {
    bool present;                /* the file has a bridge group: start the bridge */
    char program[CONF_PATH_MAX]; /* absolute path of rpld-bridge */
};

struct conf {
    uint32_t instance_count; /* at least 1 */
    struct conf_instance instance[RPL_INSTANCES_MAX];
    uint32_t radio_count;                     /* may be 0 */
    struct conf_radio radio[CONF_RADIOS_MAX]; /* those beyond the count have the defaults */
    struct rpl_limits limits;
    struct conf_access access;
    struct conf_control control;
    struct conf_state state;
    struct conf_log log;
    struct conf_bridge bridge;
    char user[CONF_NAME_MAX];       /* to become after the sockets are open; "" = stay */
    char tun[RPL_IFNAME_MAX];       /* name of the TUN interface: rpl0 */
    char ndp_proxy[RPL_IFNAME_MAX]; /* where neighbour discovery is answered for nodes; "" = nowhere
                                     */
    enum conf_decode decode;
    struct conf_contexts contexts;
    struct conf_node_names names;
    bool firewall;    /* keep source routes of others out of the mesh, by a table of nftables */
    bool keep_routes; /* leave routes and the TUN interface behind at a clean stop */
};

/* The defaults of everything outside instances; no instance, no radio. */
void conf_default(struct conf *conf);

/* ---- errors ------------------------------------------------------------------------ */

struct conf_error {
    char file[CONF_ERROR_FILE_MAX];       /* the one that holds the line, also when included */
    uint32_t line;                        /* 0 = about the file as a whole */
    char setting[CONF_ERROR_SETTING_MAX]; /* path, as in instances[0].dodag.redundancy; "" = none */
    char value[CONF_ERROR_VALUE_MAX];     /* as found, shortened; "" = none to show */
    char text[CONF_ERROR_TEXT_MAX];       /* "what is wrong; what is allowed" */
    bool warning;                         /* it is understood, and wants to be written otherwise */
};

struct conf_errors {
    uint32_t count;    /* entries in error[], in the order of the file */
    uint32_t lost;     /* more errors than there was room for */
    uint32_t warnings; /* of the entries; a file with these alone is taken */
    struct conf_error error[CONF_ERRORS_MAX];
};

#define CONF_LINE_MAX                                                                              \
    (CONF_ERROR_FILE_MAX + CONF_ERROR_SETTING_MAX + CONF_ERROR_VALUE_MAX + CONF_ERROR_TEXT_MAX + 48)

/* "FILE:LINE: SETTING = VALUE: text" without a line feed, shortened to |size|; what is not
 * there is left out. Control characters of the file appear as '?'. */
void conf_error_format(const struct conf_error *error, char *out, size_t size);

/* One line per error, and one that says how many more there are. */
void conf_errors_print(const struct conf_errors *errors, FILE *out);

/* ---- reading and printing ---------------------------------------------------------- */

/*
 * Read |file| (with what it @include's, relative names from the folder of |file|) and check
 * it. Returns 0 and fills *ret_conf, or a negative errno and leaves *ret_conf alone:
 * -EINVAL something in the file is wrong, -ENOENT, -EACCES, ... it cannot be read, -EFBIG it
 * is larger than CONF_FILE_MAX, -ENOMEM. |errors| is filled anew in each case and never empty
 * after a failure. Neither pointer may be NULL.
 */
int conf_load(const char *file, struct conf *ret_conf, struct conf_errors *errors);

/* The same for text in memory; |name| stands for the file in errors. @include is refused. */
int conf_load_string(const char *text, const char *name, struct conf *ret_conf,
                     struct conf_errors *errors);

/* Write the effective configuration, every setting of it, as a file that reads back to an
 * equal struct. The bridge group is printed as far as it is known here. */
void conf_print(const struct conf *conf, FILE *out);

/* ---- for the daemon ---------------------------------------------------------------- */

/* Copy limits and instances to where the engine wants them, and lend it the access lists of
 * |conf| until the engine is made; mem, seed and stored are left alone. An instance with
 * |prefix_auto| has whatever prefix the caller put into |conf|. */
void conf_engine_config(const struct conf *conf, struct rpl_config *ret_config);

/* Bit i: instance[i] runs on the interface |name|. 0: it is none of ours. */
uint32_t conf_interface_instances(const struct conf *conf, const char *name);

#define CONF_CHANGES_MAX 64
struct conf_changes {
    uint32_t count; /* entries in setting[] */
    uint32_t lost;
    char setting[CONF_CHANGES_MAX][CONF_ERROR_SETTING_MAX];
};

/*
 * Compare what runs with what was read. Returns true if a running daemon can take over all
 * that changed (log, keep_routes, state.writes_per_hour); then |fixed| is empty. Else |fixed|
 * names every changed setting that needs a restart; an instance that came or went is named
 * as a whole, instances[1]. |changed| names what differs and can be taken over. Either of the
 * lists may be NULL.
 */
bool conf_reloadable(const struct conf *running, const struct conf *wanted,
                     struct conf_changes *changed, struct conf_changes *fixed);

/* Copy into |running| what can be changed while running, and nothing else. */
void conf_take_reloadable(struct conf *running, const struct conf *wanted);

/* "02:12:4b:00:00:00:00:01". */
#define CONF_EUI64_TEXT_MAX 24
void conf_eui64_format(const uint8_t eui64[CONF_EUI64_LEN], char out[CONF_EUI64_TEXT_MAX]);
void conf_eui64_number_format(uint64_t eui64, char out[CONF_EUI64_TEXT_MAX]);
/* A node of conf_node_names: an EUI-64 as above if it is in fe80::/64, else an address. */
#define CONF_NODE_TEXT_MAX 46
bool conf_node_is_eui64(const struct rpl_addr *node);
void conf_node_format(const struct rpl_addr *node, char out[CONF_NODE_TEXT_MAX]);

const char *conf_log_to_name(enum conf_log_to to);
const char *conf_log_level_name(enum conf_log_level level);
/* 0, or -EINVAL: no such level. */
int conf_log_level_parse(const char *name, enum conf_log_level *ret_level);

#endif /* CONF_CONF_H */
