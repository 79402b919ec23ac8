/* SPDX-License-Identifier: ISC */
/*
 * The bridge's configuration: the group `bridge` of a libconfig file, usually rpld's own.
 *
 * Every setting has a default. All errors of the group are reported in one go, each with file,
 * line, setting, what was found and what is allowed; then nothing of it is used. What belongs to
 * rpld in that file is rpld's to check. rpld-bridge.conf(5) is the reference.
 */
#ifndef BRIDGE_BCONF_H
#define BRIDGE_BCONF_H

#include <stdio.h>

#include "bridge/core.h"
#include "bridge/topic.h"

#define BCONF_FILE_DEFAULT "/etc/rpld/rpld.conf"
#define BCONF_RULES_MAX 64
#define BCONF_PATTERN_MAX 128
#define BCONF_WORD_MAX 64
#define BCONF_NAMES_MAX 256
#define BCONF_TEXT_MAX 256
#define BCONF_NODES_MAX 1000
#define BCONF_BROKERS_MAX 4
#define BCONF_SOCKET_MAX 108 /* what struct sockaddr_un holds, with the NUL */

enum bconf_mqtt_version { BCONF_MQTT_AUTO, BCONF_MQTT_5, BCONF_MQTT_311 };
enum bconf_log_level { BCONF_LOG_ERROR, BCONF_LOG_WARNING, BCONF_LOG_INFO, BCONF_LOG_DEBUG };
enum bconf_publish_log {
    BCONF_PUBLISH_OFF,
    BCONF_PUBLISH_ERROR,
    BCONF_PUBLISH_WARNING,
    BCONF_PUBLISH_INFO
};
enum bconf_spool_failure { BCONF_SPOOL_REFUSE, BCONF_SPOOL_MEMORY };
enum bconf_log_to { BCONF_LOG_STDERR, BCONF_LOG_SYSLOG };

struct bconf_broker {
    char url[BCONF_TEXT_MAX]; /* as written */
    char host[BCONF_TEXT_MAX];
    uint16_t port;
    bool tls;
};

/* Copying it needs bconf_core() to be called again: the core's view points into it. */
struct bconf {
    size_t n_brokers; /* at least one */
    struct bconf_broker brokers[BCONF_BROKERS_MAX];
    int mqtt_version;            /* enum bconf_mqtt_version */
    int clean_session;           /* a truth */
    int message_expiry;          /* a truth */
    int summary;                 /* a truth */
    int senml_array;             /* a truth */
    char tls_ca[BCONF_TEXT_MAX]; /* "": the system's */
    char tls_certificate[BCONF_TEXT_MAX];
    char tls_key[BCONF_TEXT_MAX];
    char tls_alpn[BCONF_TEXT_MAX - 1]; /* "": none */
    char psk_identity[BCONF_TEXT_MAX];
    char psk[BCONF_TEXT_MAX];      /* hexadecimal */
    char username[BCONF_TEXT_MAX]; /* "": none */
    char password[BCONF_TEXT_MAX];
    char client_id[BCONF_TEXT_MAX]; /* "": made at start */
    int keepalive_s;
    int topic_aliases; /* at most */
    char base[BCONF_TEXT_MAX];
    int qos;
    int output; /* enum brg_output */
    int coap_port;
    int node_port;
    size_t n_nodes; /* that are known without the routing daemon */
    struct brg_source nodes[BCONF_NODES_MAX];
    char directory[BCONF_TEXT_MAX]; /* coap://[ADDRESS]:PORT/PATH; "": none */
    struct coap_addr directory_addr;
    char directory_uri[BCONF_TEXT_MAX];
    int multicast_discovery; /* a truth */
    int source_interval_s;
    char dtls_keys[BCONF_TEXT_MAX]; /* "": no node is spoken to through DTLS */
    char dtls_ca[BCONF_TEXT_MAX];   /* "": no certificates */
    char dtls_certificate[BCONF_TEXT_MAX];
    char dtls_key[BCONF_TEXT_MAX];
    int dtls_port;
    int dtls_sessions;
    int serve;          /* enum brg_serve */
    size_t n_multicast; /* interfaces on which we are among all CoAP nodes */
    char multicast_room[BCONF_RULES_MAX][BCONF_PATTERN_MAX];
    const char *multicast[BCONF_RULES_MAX];
    int settle_s;
    int poll_interval_s;
    int outstanding;
    int node_rate;
    int max_nodes;
    int max_resources;
    int max_memory_mb;
    char spool[BCONF_TEXT_MAX]; /* "": the usual place, if it is there; "none": none */
    int spool_mb;
    int spool_hours;
    int on_spool_failure; /* enum bconf_publish_log { BCONF_PUBLISH_OFF, BCONF_PUBLISH_ERROR,
BCONF_PUBLISH_WARNING, BCONF_PUBLISH_INFO }; enum bconf_spool_failure */
    char socket[BCONF_SOCKET_MAX];
    char user[BCONF_TEXT_MAX]; /* "": rpld-bridge, or else nobody */
    int publish_log;           /* enum bconf_publish_log */
    int log_level;             /* enum bconf_log_level */
    int log_to;                /* enum bconf_log_to */
    size_t n_rules;
    struct brg_rule rules[BCONF_RULES_MAX];
    char rule_paths[BCONF_RULES_MAX][BCONF_PATTERN_MAX];
    char rule_rts[BCONF_RULES_MAX][BCONF_WORD_MAX];
    char rule_ifs[BCONF_RULES_MAX][BCONF_WORD_MAX];
    size_t n_names;
    struct brg_name names[BCONF_NAMES_MAX];
    char name_nodes[BCONF_NAMES_MAX][BRG_EUI64_TEXT];
    char name_texts[BCONF_NAMES_MAX][BCONF_WORD_MAX];
    char control_socket[BCONF_SOCKET_MAX]; /* "none": none */
    int readings_kb;
    int home_assistant; /* a truth */
    char home_assistant_prefix[BCONF_WORD_MAX];
    int events;          /* a truth */
    int user_properties; /* a truth */
    size_t n_commands;
    char command_patterns[BCONF_RULES_MAX][BCONF_PATTERN_MAX];
    const char *commands[BCONF_RULES_MAX];
    size_t n_requests;
    char request_patterns[BCONF_RULES_MAX][BCONF_PATTERN_MAX];
    const char *requests[BCONF_RULES_MAX];
    size_t n_sleepy;
    char sleepy_patterns[BCONF_RULES_MAX][BCONF_PATTERN_MAX];
    const char *sleepy[BCONF_RULES_MAX];
    int command_ttl_s;
    int sleepy_ttl_s;
    int max_commands;
    int command_rate;
    int max_command_octets;
};

/* Reads |file|. The number of errors, each printed to |errors| as a line; 0: |conf| is filled. */
int bconf_load(const char *file, struct bconf *conf, FILE *errors);

/* The part that the core wants; it points into |conf|. */
void bconf_core(const struct bconf *conf, struct brg_core_config *ret_config);

/* Splits mqtt://HOST[:PORT] or mqtts:// (an IPv6 address in brackets). False when it is not that.
 */
bool bconf_broker_parse(const char *url, struct bconf_broker *ret_broker);

/* Splits coap://[ADDRESS], with :PORT and /PATH where they are not 5683 and rd-lookup/ep. */
bool bconf_directory_parse(const char *url, struct coap_addr *ret_addr,
                           char ret_uri[BCONF_TEXT_MAX]);

/* "EUI64 ADDRESS". */
bool bconf_node_parse(const char *text, struct brg_source *ret_source);

#endif
