/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "conf/table.h"
#include "of/of.h"

static const struct conf_word roles[] = {{"root", RPL_ROLE_ROOT, NULL},
                                         {"router", RPL_ROLE_ROUTER, NULL},
                                         {"leaf", RPL_ROLE_LEAF, NULL},
                                         {NULL, 0, NULL}};

static const struct conf_word modes[] = {
    {"non-storing", RPL_MOP_NON_STORING, NULL},
    {"storing", RPL_MOP_STORING, NULL},
    {"none", RPL_MOP_NONE, NULL},
    {"storing-multicast", RPL_MOP_STORING_MULTICAST, "not carried on Linux yet"},
    {NULL, 0, NULL}};

static const struct conf_word objectives[] = {
    {"mrhof", OF_OCP_MRHOF, NULL}, {"of0", OF_OCP_OF0, NULL}, {NULL, 0, NULL}};

static const struct conf_word infinite_lifetime[] = {{"infinite", 255, NULL}, {NULL, 0, NULL}};
static const struct conf_word path_lifetimes[] = {
    {"infinite", 255, NULL}, {"dodag", 0, NULL}, {NULL, 0, NULL}};
static const struct conf_word infinite_seconds[] = {{"infinite", UINT32_MAX, NULL},
                                                    {NULL, 0, NULL}};
static const struct conf_word kernel_metric[] = {{"kernel", 0, NULL}, {NULL, 0, NULL}};

static const struct conf_word metrics[] = {{"etx", RPL_METRIC_ETX, NULL},
                                           {"hops", RPL_METRIC_HOPS, NULL},
                                           {"latency", RPL_METRIC_LATENCY, NULL},
                                           {NULL, 0, NULL}};
static const struct conf_word mains[] = {{"mains", 255, NULL}, {NULL, 0, NULL}};
static const struct conf_word never[] = {{"never", 0, NULL}, {NULL, 0, NULL}};
static const struct conf_word preferences[] = {
    {"low", UINT8_MAX, NULL}, {"medium", 0, NULL}, {"high", 1, NULL}, {NULL, 0, NULL}};
static const struct conf_word unlimited[] = {{"unlimited", 0, NULL}, {NULL, 0, NULL}};
static const struct conf_word unknown[] = {{"unknown", 0, NULL}, {NULL, 0, NULL}};
static const struct conf_word no_constraint[] = {{"none", 0, NULL}, {NULL, 0, NULL}};

static const struct conf_word srh_ways[] = {
    {"inline", false, NULL}, {"encapsulate", true, NULL}, {NULL, 0, NULL}};
static const struct conf_word rpi_types[] = {
    {"0x63", 0x63, NULL}, {"0x23", 0x23, NULL}, {NULL, 0, NULL}};
static const struct conf_word unknown_meanings[] = {
    {"leaf", false, NULL}, {"ignore", true, NULL}, {NULL, 0, NULL}};
static const struct conf_word zero_meanings[] = {
    {"no-increase", false, NULL}, {"unlimited", true, NULL}, {NULL, 0, NULL}};

static const struct conf_word inline_rpis[] = {
    {"strip", false, NULL}, {"drop", true, NULL}, {NULL, 0, NULL}};
static const struct conf_word dao_sources[] = {
    {"any", false, NULL}, {"own", true, NULL}, {NULL, 0, NULL}};
static const struct conf_word no_end[] = {{"unlimited", RPL_ALWAYS, NULL}, {NULL, 0, NULL}};

static const struct conf_word last_subnet[] = {{"last", CONF_SUBNET_LAST, NULL}, {NULL, 0, NULL}};
static const struct conf_word any_radio[] = {{"any", 0, NULL}, {NULL, 0, NULL}};
static const struct conf_word own_address[] = {{"own", 0, NULL}, {NULL, 0, NULL}};
static const struct conf_word driver_power[] = {{"driver", (uint32_t)CONF_TX_POWER_DRIVER, NULL},
                                                {NULL, 0, NULL}};

static const struct conf_word log_targets[] = {
    {"stderr", CONF_LOG_STDERR, NULL}, {"syslog", CONF_LOG_SYSLOG, NULL}, {NULL, 0, NULL}};
static const struct conf_word log_levels[] = {
    {"error", CONF_LOG_ERROR, NULL},   {"warning", CONF_LOG_WARNING, NULL},
    {"notice", CONF_LOG_NOTICE, NULL}, {"info", CONF_LOG_INFO, NULL},
    {"debug", CONF_LOG_DEBUG, NULL},   {NULL, 0, NULL}};

static const struct conf_word decode_ways[] = {{"auto", CONF_DECODE_AUTO, NULL},
                                               {"always", CONF_DECODE_ALWAYS, NULL},
                                               {"never", CONF_DECODE_NEVER, NULL},
                                               {NULL, 0, NULL}};

/* Offset and size of a member. */
#define IN_CONF(m) offsetof(struct conf, m), sizeof(((struct conf *)NULL)->m)
#define IN_RADIO(m) offsetof(struct conf_radio, m), sizeof(((struct conf_radio *)NULL)->m)
#define IN_INST(m) offsetof(struct conf_instance, m), sizeof(((struct conf_instance *)NULL)->m)

const struct conf_setting conf_table[] = {
    /* The top of the file. */
    {CONF_GROUP_TOP, "user", CONF_USER, 0, 0, 0, NULL, IN_CONF(user),
     "to become once the sockets are open; \"\" stays"},
    {CONF_GROUP_TOP, "tun", CONF_INTERFACE, 0, 0, 0, NULL, IN_CONF(tun),
     "name of the TUN interface of the data path"},
    {CONF_GROUP_TOP, "ndp_proxy", CONF_LINK, 0, 0, 0, NULL, IN_CONF(ndp_proxy),
     "a LAN where neighbour discovery is answered for the nodes"},
    {CONF_GROUP_TOP, "keep_routes", CONF_SWITCH, CONF_RELOADABLE, 0, 0, NULL, IN_CONF(keep_routes),
     "leave the routes behind at a clean stop"},
    {CONF_GROUP_TOP, "firewall", CONF_SWITCH, CONF_RELOADABLE, 0, 0, NULL, IN_CONF(firewall),
     "keep source routes of others out of the mesh"},
    {CONF_GROUP_TOP, "decode", CONF_CHOICE, CONF_RELOADABLE, 0, 0, decode_ways, IN_CONF(decode),
     "read radio frames that the kernel cannot"},
    {CONF_GROUP_TOP, "contexts", CONF_CONTEXTS, CONF_RELOADABLE, 0, CONF_CONTEXTS_MAX, NULL,
     IN_CONF(contexts), "prefixes that nodes name by their number in this list"},
    {CONF_GROUP_TOP, "names", CONF_NAMES, CONF_RELOADABLE, 0, CONF_NODE_NAMES_MAX, NULL,
     IN_CONF(names), "what people call the nodes"},

    {CONF_GROUP_CONTROL, "socket", CONF_PATH, 0, 0, 0, NULL, IN_CONF(control.socket),
     "where rplctl finds the daemon"},
    {CONF_GROUP_CONTROL, "group", CONF_USER, 0, 0, 0, NULL, IN_CONF(control.group),
     "its members may read; \"\" leaves the socket to its owner"},

    {CONF_GROUP_STATE, "directory", CONF_PATH, 0, 0, 0, NULL, IN_CONF(state.directory),
     "for what has to survive a restart"},
    {CONF_GROUP_STATE, "writes_per_hour", CONF_NUMBER, CONF_RELOADABLE, 1, 3600, NULL,
     IN_CONF(state.writes_per_hour), "at most; SD cards wear out"},

    {CONF_GROUP_LOG, "to", CONF_CHOICE, CONF_RELOADABLE, 0, 0, log_targets, IN_CONF(log.to),
     "where the log goes"},
    {CONF_GROUP_LOG, "level", CONF_CHOICE, CONF_RELOADABLE, 0, 0, log_levels, IN_CONF(log.level),
     "how much of it"},

    {CONF_GROUP_LIMITS, "neighbours", CONF_NUMBER, 0, 1, 65536, NULL, IN_CONF(limits.neighbours),
     "neighbours remembered per instance"},
    {CONF_GROUP_LIMITS, "targets", CONF_NUMBER, 0, 1, 1000000, NULL, IN_CONF(limits.targets),
     "nodes and prefixes routed per instance"},
    {CONF_GROUP_LIMITS, "peers", CONF_NUMBER, 0, 16, 65536, NULL, IN_CONF(limits.peers),
     "senders remembered for rate limits"},
    {CONF_GROUP_LIMITS, "effects", CONF_NUMBER, 0, 256, 1048576, NULL, IN_CONF(limits.effects),
     "messages and events waiting to go out"},
    {CONF_GROUP_LIMITS, "quarantine", CONF_NUMBER, 0, 1, 86400, never, IN_CONF(limits.quarantine_s),
     "seconds that a source of rubbish is not heard"},

    {CONF_GROUP_ACCESS, "allow", CONF_EUI64_LIST, 0, 0, RPL_ACCESS_MAX, NULL, IN_CONF(access.allow),
     "these nodes only; an empty list is everybody"},
    {CONF_GROUP_ACCESS, "deny", CONF_EUI64_LIST, 0, 0, RPL_ACCESS_MAX, NULL, IN_CONF(access.deny),
     "these nodes not"},

    {CONF_GROUP_BRIDGE, "program", CONF_PATH, 0, 0, 0, NULL, IN_CONF(bridge.program),
     "what `rpld -f` starts as the bridge"},

    /* Each radio. */
    {CONF_GROUP_RADIO, "eui64", CONF_EUI64, 0, 0, 0, any_radio, IN_RADIO(eui64),
     "which radio: its EUI-64, or any if there is one only"},
    {CONF_GROUP_RADIO, "interface", CONF_INTERFACE, 0, 0, 0, NULL, IN_RADIO(interface),
     "the 6LoWPAN interface to make on it"},
    {CONF_GROUP_RADIO, "page", CONF_NUMBER, 0, 0, 31, NULL, IN_RADIO(page), "channel page"},
    {CONF_GROUP_RADIO, "channel", CONF_NUMBER, 0, 0, 26, NULL, IN_RADIO(channel),
     "11 to 26 on page 0 are the 2.4 GHz band"},
    {CONF_GROUP_RADIO, "pan_id", CONF_HEX, 0, 0, 0xfffe, NULL, IN_RADIO(pan_id),
     "the PAN that the nodes are in"},
    {CONF_GROUP_RADIO, "address", CONF_EUI64, 0, 0, 0, own_address, IN_RADIO(address),
     "an EUI-64 to give it, where it makes up another at each boot"},
    {CONF_GROUP_RADIO, "tx_power", CONF_DBM, 0, 0, 0, driver_power, IN_RADIO(tx_power), "dBm"},
    {CONF_GROUP_RADIO, "ack_request", CONF_SWITCH, 0, 0, 0, NULL, IN_RADIO(ack_request),
     "have unicast frames acknowledged"},
    {CONF_GROUP_RADIO, "retries", CONF_NUMBER, 0, 0, 7, NULL, IN_RADIO(retries),
     "of a frame that is not acknowledged"},

    /* Each instance. */
    {CONF_GROUP_INSTANCE, "id", CONF_NUMBER, 0, 0, 191, NULL, IN_INST(rpl.id),
     "RPLInstanceID; 128 and up are local"},
    {CONF_GROUP_INSTANCE, "role", CONF_CHOICE, CONF_REQUIRED, 0, 0, roles, IN_INST(rpl.role),
     "what this machine is in the DODAG"},
    {CONF_GROUP_INSTANCE, "mode", CONF_CHOICE, 0, 0, 0, modes, IN_INST(rpl.mop),
     "mode of operation: who keeps the routes down"},
    {CONF_GROUP_INSTANCE, "objective", CONF_CHOICE, 0, 0, 0, objectives, IN_INST(rpl.ocp),
     "objective function: how parents are chosen"},
    {CONF_GROUP_INSTANCE, "metric", CONF_CHOICE, CONF_ROOT_ONLY, 0, 0, metrics, IN_INST(rpl.metric),
     "what MRHOF makes small"},
    {CONF_GROUP_INSTANCE, "interfaces", CONF_INTERFACES, CONF_REQUIRED, 1, RPL_INTERFACES_MAX, NULL,
     0, 0, "where it runs"},
    {CONF_GROUP_INSTANCE, "dodag_id", CONF_ADDRESS, 0, 0, 0, NULL, 0, 0,
     "root: auto is its own address; others: auto joins any DODAG"},
    {CONF_GROUP_INSTANCE, "prefix", CONF_PREFIX, CONF_ROOT_ONLY, 0, 0, NULL, 0, 0,
     "of the nodes' addresses"},
    {CONF_GROUP_INSTANCE, "more_prefixes", CONF_PREFIXES, CONF_ROOT_ONLY, 0, RPL_MORE_PREFIXES_MAX,
     NULL, IN_INST(rpl.more), "further ones, each node has an address in each"},
    {CONF_GROUP_INSTANCE, "prefix_on_link", CONF_SWITCH, CONF_ROOT_ONLY, 0, 0, NULL,
     IN_INST(rpl.on_link), "L: all of a prefix is in one hop's reach"},
    {CONF_GROUP_INSTANCE, "prefix_autonomous", CONF_SWITCH, CONF_ROOT_ONLY, 0, 0, NULL,
     IN_INST(rpl.autonomous), "A: nodes make their addresses themselves"},
    {CONF_GROUP_INSTANCE, "uplink", CONF_LINK, CONF_ROOT_ONLY, 0, 0, NULL, IN_INST(uplink),
     "the interface that the prefix is taken from"},
    {CONF_GROUP_INSTANCE, "uplink_subnet", CONF_NUMBER, CONF_ROOT_ONLY, 0, INT32_MAX, last_subnet,
     IN_INST(uplink_subnet), "which /64 of a prefix that is shorter"},
    {CONF_GROUP_INSTANCE, "prefix_valid", CONF_NUMBER, CONF_ROOT_ONLY, 60, INT32_MAX,
     infinite_seconds, IN_INST(rpl.prefix_valid_s), "valid lifetime of the prefix, seconds"},
    {CONF_GROUP_INSTANCE, "prefix_preferred", CONF_NUMBER, CONF_ROOT_ONLY, 60, INT32_MAX,
     infinite_seconds, IN_INST(rpl.prefix_preferred_s),
     "preferred lifetime of the prefix, seconds"},
    {CONF_GROUP_INSTANCE, "preference", CONF_NUMBER, CONF_ROOT_ONLY, 0, 7, NULL,
     IN_INST(rpl.preference), "Prf: how much this root wants to be chosen"},
    {CONF_GROUP_INSTANCE, "grounded", CONF_SWITCH, CONF_ROOT_ONLY, 0, 0, NULL,
     IN_INST(rpl.grounded), "G: this root leads to where the nodes want to go"},
    {CONF_GROUP_INSTANCE, "version_interval", CONF_NUMBER, CONF_ROOT_ONLY, 3600, INT32_MAX, never,
     IN_INST(rpl.version_interval_s), "seconds between global repairs of the root's own accord"},
    {CONF_GROUP_INSTANCE, "route_information", CONF_PREFIXES, CONF_ROOT_ONLY, 0, RPL_PREFIXES_MAX,
     NULL, IN_INST(rpl.route_info), "prefixes that are reached through the root"},
    {CONF_GROUP_INSTANCE, "route_information_preference", CONF_CHOICE, CONF_ROOT_ONLY, 0, 0,
     preferences, IN_INST(rpl.route_info_preference), "of these routes among others"},
    {CONF_GROUP_INSTANCE, "route_information_lifetime", CONF_NUMBER, CONF_ROOT_ONLY, 60, INT32_MAX,
     infinite_seconds, IN_INST(rpl.route_info_lifetime_s), "of these routes, seconds"},
    {CONF_GROUP_INSTANCE, "accept", CONF_PREFIXES, 0, 0, RPL_PREFIXES_MAX, NULL,
     IN_INST(rpl.accept), "prefixes outside the DODAG's own that nodes may announce"},
    {CONF_GROUP_INSTANCE, "attached", CONF_PREFIXES, CONF_NOT_ROOT, 0, RPL_PREFIXES_MAX, NULL,
     IN_INST(rpl.attached), "networks behind this machine, announced to the root"},
    {CONF_GROUP_INSTANCE, "grounded_by", CONF_LINK, CONF_ROOT_ONLY, 0, 0, NULL,
     IN_INST(grounded_by), "the interface without which G is not claimed"},
    {CONF_GROUP_INSTANCE, "path_lifetime", CONF_NUMBER, CONF_NOT_ROOT, 2, 254, path_lifetimes,
     IN_INST(rpl.path_lifetime), "of our own address in DAOs, lifetime units"},
    {CONF_GROUP_INSTANCE, "default_route", CONF_SWITCH, CONF_NOT_ROOT, 0, 0, NULL,
     IN_INST(rpl.default_route), "install ::/0 through the parent"},
    {CONF_GROUP_INSTANCE, "outside_routes", CONF_SWITCH, CONF_NOT_ROOT, 0, 0, NULL,
     IN_INST(rpl.outside_routes), "install what the root says it leads to"},
    {CONF_GROUP_INSTANCE, "route_metric", CONF_NUMBER, 0, 1, INT32_MAX, kernel_metric,
     IN_INST(rpl.route_metric), "of the routes that we install"},
    {CONF_GROUP_INSTANCE, "dao_ack", CONF_SWITCH, CONF_NOT_ROOT, 0, 0, NULL, IN_INST(rpl.dao_ack),
     "K: ask for an answer to our DAOs"},
    {CONF_GROUP_INSTANCE, "dao_delay", CONF_NUMBER, CONF_NOT_ROOT, RPL_DAO_DELAY_MS_MIN,
     RPL_DAO_DELAY_MS_MAX, NULL, IN_INST(rpl.dao_delay_ms),
     "before news go up in a DAO, milliseconds"},
    {CONF_GROUP_INSTANCE, "dao_tries", CONF_NUMBER, CONF_NOT_ROOT, 1, RPL_TRIES_MAX, NULL,
     IN_INST(rpl.dao_tries), "of a DAO that is not acknowledged"},
    {CONF_GROUP_INSTANCE, "dao_rate", CONF_NUMBER, CONF_NOT_ROOT, 1, RPL_DAO_RATE_MAX, NULL,
     IN_INST(rpl.dao_rate), "DAO messages a minute, at most"},
    {CONF_GROUP_INSTANCE, "dao_targets", CONF_NUMBER, CONF_NOT_ROOT, 1, RPL_DAO_TARGETS_MAX, NULL,
     IN_INST(rpl.dao_targets), "of a DAO, at most: 1 if the parent or the root is Contiki-NG"},
    {CONF_GROUP_INSTANCE, "no_path_tries", CONF_NUMBER, CONF_NOT_ROOT, 0, RPL_TRIES_MAX, NULL,
     IN_INST(rpl.no_path_tries), "of the news to a parent that we left it"},
    {CONF_GROUP_INSTANCE, "dtsn_on_loss", CONF_SWITCH, 0, 0, 0, NULL, IN_INST(rpl.dtsn_on_loss),
     "nodes announce themselves anew when a way down is lost"},
    {CONF_GROUP_INSTANCE, "dtsn_on_change", CONF_SWITCH, CONF_NOT_ROOT, 0, 0, NULL,
     IN_INST(rpl.dtsn_on_change), "likewise when we have another parent, in storing mode"},
    {CONF_GROUP_INSTANCE, "dtsn_interval", CONF_NUMBER, CONF_ROOT_ONLY, 60, INT32_MAX, never,
     IN_INST(rpl.dtsn_interval_s), "likewise every so many seconds"},
    {CONF_GROUP_INSTANCE, "solicit", CONF_SWITCH, CONF_NOT_ROOT, 0, 0, NULL, IN_INST(rpl.solicit),
     "say in a DIS which instance and DODAG is meant"},
    {CONF_GROUP_INSTANCE, "dao_parents", CONF_NUMBER, CONF_NOT_ROOT, 1, RPL_PARENTS_MAX, NULL,
     IN_INST(rpl.dao_parents), "so many are told of the ways down through us"},
    {CONF_GROUP_INSTANCE, "solicitations", CONF_NUMBER, CONF_NOT_ROOT, 0, 254, no_end,
     IN_INST(rpl.solicitations), "DIS messages to all for want of a DODAG"},
    {CONF_GROUP_INSTANCE, "leaves", CONF_SWITCH, 0, 0, 0, NULL, IN_INST(rpl.serve_leaves),
     "register hosts that do not speak RPL"},
    {CONF_GROUP_INSTANCE, "poison", CONF_SWITCH, CONF_NOT_ROOT, 0, 0, NULL, IN_INST(rpl.poison),
     "tell the children when the last parent is lost"},
    {CONF_GROUP_INSTANCE, "unknown_objective", CONF_CHOICE, CONF_NOT_ROOT, 0, 0, unknown_meanings,
     IN_INST(rpl.ignore_unknown), "in a DODAG whose objective we do not know"},
    {CONF_GROUP_INSTANCE, "floating", CONF_SWITCH, CONF_NOT_ROOT, 0, 0, NULL, IN_INST(rpl.floating),
     "root a DODAG of our own when the last parent is lost"},
    {CONF_GROUP_INSTANCE, "floating_prefix", CONF_PREFIXES, CONF_NOT_ROOT, 0, RPL_MORE_PREFIXES_MAX,
     NULL, IN_INST(rpl.floating_prefix), "of one that is rooted at the start, when nobody answers"},
    {CONF_GROUP_INSTANCE, "floating_time", CONF_NUMBER, CONF_NOT_ROOT, 1, INT32_MAX, unlimited,
     IN_INST(rpl.floating_s), "seconds, at most"},
    {CONF_GROUP_INSTANCE, "probe_parent", CONF_NUMBER, CONF_NOT_ROOT, RPL_PROBE_S_MIN,
     RPL_PROBE_S_MAX, NULL, IN_INST(rpl.probe_parent_s),
     "longest pause between two probes of the parent, seconds"},
    {CONF_GROUP_INSTANCE, "probe_candidate", CONF_NUMBER, CONF_NOT_ROOT, RPL_PROBE_S_MIN,
     RPL_PROBE_S_MAX, NULL, IN_INST(rpl.probe_candidate_s),
     "likewise of a neighbour that could be the parent"},
    {CONF_GROUP_INSTANCE, "energy", CONF_NUMBER, 0, 0, 254, mains, IN_INST(rpl.energy),
     "what is left of ours, where paths are judged by it"},
    {CONF_GROUP_INSTANCE, "throughput", CONF_NUMBER, 0, 1, INT32_MAX, unknown,
     IN_INST(rpl.throughput), "of our links, octets/s"},
    {CONF_GROUP_INSTANCE, "security", CONF_SECURITY, 0, 0, 0, NULL, 0, 0, "of RPL's own messages"},

    {CONF_GROUP_DODAG, "dio_interval_min", CONF_NUMBER, 0, 3, 24, NULL,
     IN_INST(rpl.dodag.dio_interval_min), "shortest DIO interval, 2^n ms"},
    {CONF_GROUP_DODAG, "dio_interval_doublings", CONF_NUMBER, 0, 0, 27, NULL,
     IN_INST(rpl.dodag.dio_interval_doublings), "from the shortest interval to the longest"},
    {CONF_GROUP_DODAG, "dio_redundancy", CONF_NUMBER, 0, 0, 255, NULL,
     IN_INST(rpl.dodag.dio_redundancy_constant), "k: 0 never suppresses a DIO"},
    {CONF_GROUP_DODAG, "max_rank_increase", CONF_NUMBER, 0, 0, 65535, NULL,
     IN_INST(rpl.dodag.max_rank_increase), "how far a node may sink within a version"},
    {CONF_GROUP_DODAG, "min_hop_rank_increase", CONF_NUMBER, 0, 1, 32767, NULL,
     IN_INST(rpl.dodag.min_hop_rank_increase), "Rank of one hop, and of the root"},
    {CONF_GROUP_DODAG, "default_lifetime", CONF_NUMBER, 0, 2, 254, infinite_lifetime,
     IN_INST(rpl.dodag.default_lifetime), "of the nodes' routes, lifetime units"},
    {CONF_GROUP_DODAG, "lifetime_unit", CONF_NUMBER, 0, 1, 65535, NULL,
     IN_INST(rpl.dodag.lifetime_unit_s), "seconds"},
    {CONF_GROUP_DODAG, "path_control_size", CONF_NUMBER, 0, 0, 7, NULL,
     IN_INST(rpl.dodag.path_control_size), "PCS: ways down per node, less one"},

    {CONF_GROUP_COMPAT, "srh", CONF_CHOICE, 0, 0, 0, srh_ways, IN_INST(rpl.compat.srh_encapsulate),
     "how a source route is put on a packet"},
    {CONF_GROUP_COMPAT, "downward_rpi", CONF_SWITCH, 0, 0, 0, NULL,
     IN_INST(rpl.compat.downward_rpi), "put an RPI on packets that go down"},
    {CONF_GROUP_COMPAT, "upward_rpi", CONF_SWITCH, 0, 0, 0, NULL, IN_INST(rpl.compat.upward_rpi),
     "put an RPI on our own packets that go up"},
    {CONF_GROUP_COMPAT, "rpi_type", CONF_CODE, CONF_RELOADABLE, 0, 0, rpi_types,
     IN_INST(rpl.compat.rpi_type), "option type of the RPIs that we write"},
    {CONF_GROUP_COMPAT, "inline_rpi", CONF_CHOICE, 0, 0, 0, inline_rpis,
     IN_INST(rpl.compat.inline_rpi_drop),
     "an RPI 0x63 without a tunnel, on its way through a root"},
    {CONF_GROUP_COMPAT, "short_transit", CONF_SWITCH, 0, 0, 0, NULL,
     IN_INST(rpl.compat.short_transit), "accept a Transit without a parent in non-storing mode"},
    {CONF_GROUP_COMPAT, "parent_by_prefix", CONF_SWITCH, 0, 0, 0, NULL,
     IN_INST(rpl.compat.parent_by_prefix), "name a parent that does not tell its address"},
    {CONF_GROUP_COMPAT, "local_instance_without_d", CONF_SWITCH, 0, 0, 0, NULL,
     IN_INST(rpl.compat.local_instance_without_d),
     "accept DAOs of a local instance that name no DODAG"},
    {CONF_GROUP_COMPAT, "dao_source", CONF_CHOICE, 0, 0, 0, dao_sources,
     IN_INST(rpl.compat.dao_source_own), "whose addresses a node may announce to this root"},
    {CONF_GROUP_COMPAT, "max_rank_increase_0", CONF_CHOICE, 0, 0, 0, zero_meanings,
     IN_INST(rpl.compat.max_rank_increase_0_unlimited), "what MaxRankIncrease 0 means"},

    {CONF_GROUP_MRHOF, "parent_switch_threshold", CONF_NUMBER, 0, 1, 65535, NULL,
     IN_INST(rpl.parent_switch_threshold), "gain that makes a parent switch worth it, ETX x128"},
    {CONF_GROUP_MRHOF, "max_link_metric", CONF_NUMBER, 0, 128, 65535, NULL,
     IN_INST(rpl.max_link_metric), "worst link that is used, ETX x128"},
    {CONF_GROUP_MRHOF, "max_path_cost", CONF_NUMBER, 0, 256, 65534, NULL,
     IN_INST(rpl.max_path_cost), "costliest path that is used"},
    {CONF_GROUP_MRHOF, "parent_set_size", CONF_NUMBER, 0, 1, 8, NULL, IN_INST(rpl.parent_set_size),
     "parents that our Rank has to be above"},

    {CONF_GROUP_CONSTRAINTS, "energy", CONF_NUMBER, 0, 1, 255, no_constraint,
     IN_INST(constraints.energy), "least energy of each node on a path"},
    {CONF_GROUP_CONSTRAINTS, "hops", CONF_NUMBER, 0, 1, 255, no_constraint,
     IN_INST(constraints.hops), "most hops"},
    {CONF_GROUP_CONSTRAINTS, "throughput", CONF_NUMBER, 0, 1, INT32_MAX, no_constraint,
     IN_INST(constraints.throughput), "least throughput of each link, octets/s"},
    {CONF_GROUP_CONSTRAINTS, "latency", CONF_NUMBER, 0, 1, INT32_MAX, no_constraint,
     IN_INST(constraints.latency_us), "most latency, microseconds"},
    {CONF_GROUP_CONSTRAINTS, "etx", CONF_NUMBER, 0, 128, 65535, no_constraint,
     IN_INST(constraints.etx), "most ETX, x128"},
    {CONF_GROUP_CONSTRAINTS, "optional", CONF_SWITCH, 0, 0, 0, NULL, IN_INST(constraints.optional),
     "use a path that does not meet them all the same"},
};

const size_t conf_table_count = sizeof(conf_table) / sizeof(conf_table[0]);

const struct conf_group_info conf_groups[CONF_GROUP_COUNT] = {
    [CONF_GROUP_TOP] = {"", CONF_GROUP_COUNT, 0, false},
    [CONF_GROUP_CONTROL] = {"control", CONF_GROUP_TOP, 0, false},
    [CONF_GROUP_STATE] = {"state", CONF_GROUP_TOP, 0, false},
    [CONF_GROUP_LOG] = {"log", CONF_GROUP_TOP, 0, false},
    [CONF_GROUP_LIMITS] = {"limits", CONF_GROUP_TOP, 0, false},
    [CONF_GROUP_ACCESS] = {"access", CONF_GROUP_TOP, 0, false},
    [CONF_GROUP_BRIDGE] = {"bridge", CONF_GROUP_TOP, 0, true},
    [CONF_GROUP_RADIO] = {"radio", CONF_GROUP_TOP, 0, false},
    [CONF_GROUP_INSTANCE] = {"instances", CONF_GROUP_TOP, 0, false},
    [CONF_GROUP_DODAG] = {"dodag", CONF_GROUP_INSTANCE, CONF_ROOT_ONLY, false},
    [CONF_GROUP_COMPAT] = {"compat", CONF_GROUP_INSTANCE, 0, false},
    [CONF_GROUP_MRHOF] = {"mrhof", CONF_GROUP_INSTANCE, 0, false},
    [CONF_GROUP_CONSTRAINTS] = {"constraints", CONF_GROUP_INSTANCE, CONF_ROOT_ONLY, false},
};

const struct conf_setting *conf_setting_find(enum conf_group group, const char *name)
{
    for (size_t i = 0; i < conf_table_count; i++)
        if (conf_table[i].group == group && strcmp(conf_table[i].name, name) == 0)
            return &conf_table[i];
    return NULL;
}

enum conf_group conf_group_find(enum conf_group parent, const char *name)
{
    for (unsigned g = CONF_GROUP_TOP + 1; g < CONF_GROUP_COUNT; g++)
        if (conf_groups[g].parent == parent && strcmp(conf_groups[g].name, name) == 0)
            return (enum conf_group)g;
    return CONF_GROUP_COUNT;
}
