/* SPDX-License-Identifier: ISC */
#include "tests/unit/bridge_lib.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bridge/bconf.h"

static struct bconf conf;
static char file[] = "/tmp/bridge_conf_test.XXXXXX";
static char errors[8192];

/* Reads |text| as a file; the errors, with the file's name cut off, are in |errors|. */
static int load(const char *text)
{
    char raw[8192] = "";
    size_t len = 0;
    FILE *out = fopen(file, "w");
    FILE *said = fmemopen(raw, sizeof(raw) - 1, "w");
    int n;

    assert_non_null(out);
    assert_non_null(said);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
    n = bconf_load(file, &conf, said);
    assert_int_equal(fclose(said), 0);
    errors[0] = '\0';
    for (char *line = strtok(raw, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const char *at = strncmp(line, file, strlen(file)) == 0 ? line + strlen(file) : line;

        len += (size_t)snprintf(errors + len, sizeof(errors) - len, "%s\n", at);
    }
    return n;
}

static void test_defaults(void **state)
{
    struct brg_core_config core;

    (void)state;
    assert_int_equal(load("bridge = { };"), 0);
    assert_string_equal(errors, "");
    assert_string_equal(conf.brokers[0].host, "127.0.0.1");
    assert_int_equal(conf.brokers[0].port, 1883);
    assert_string_equal(conf.base, "mesh");
    assert_int_equal(conf.qos, 1);
    assert_int_equal(conf.output, BRG_OUTPUT_JSON);
    assert_int_equal(conf.coap_port, 5683);
    assert_string_equal(conf.socket, "/run/rpld/rpld.sock");
    bconf_core(&conf, &core);
    assert_int_equal(core.n_rules, 0);
    assert_int_equal(core.node_port, 5683);
}

/* The rest of the file is rpld's, and what it says of the socket holds for us. */
static void test_beside_rpld(void **state)
{
    (void)state;
    assert_int_equal(load("instances = ( { id = 0; } );\n"
                          "control = { socket = \"/tmp/r.sock\"; };\n"
                          "bridge = { program = \"/x\"; };"),
                     0);
    assert_string_equal(conf.socket, "/tmp/r.sock");
    assert_int_equal(load("control = { socket = \"/tmp/r.sock\"; };\n"
                          "bridge = { socket = \"/tmp/b.sock\"; };"),
                     0);
    assert_string_equal(conf.socket, "/tmp/b.sock");
}

static void test_everything(void **state)
{
    struct brg_core_config core;

    (void)state;
    assert_int_equal(
        load("bridge = { broker = \"mqtt://[2001:db8::1]:8883\"; base = \"site/mesh\"; qos = 2;\n"
             "format = \"value\"; coap_port = 0; node_port = 61616; settle_s = 0;\n"
             "poll_interval_s = 7; username = \"u\"; password = \"p\"; client_id = \"c\";\n"
             "keepalive_s = 10; outstanding = 3; max_nodes = 5; max_resources = 6;\n"
             "max_memory_mb = 1; spool = \"/s.db\"; spool_mb = 2; spool_hours = 3;\n"
             "on_spool_failure = \"memory\"; socket = \"s\"; user = \"nobody\"; log = \"debug\";\n"
             "log_to = \"syslog\"; commands = ( \"*/setpoint\", \"led\" );\n"
             "control_socket = \"none\"; home_assistant = true; "
             "home_assistant_prefix = \"ha\"; requests = ( \"*\" ); readings_kb = 0; sleepy = ( "
             "\"0*\" ); user_properties = "
             "true; events = false;\n"
             "names = ( { node = \"00124b0000010000\"; name = \"hall\"; },\n"
             "{ node = \"00:12:4B:00:00:01:00:01\"; name = \"kitchen/door\"; } );\n"
             " command_ttl_s = 9; sleepy_ttl_s = 8; max_commands = 7; command_rate = 4;\n"
             "max_command_octets = 600; publish_log = \"off\"; topic_aliases = 12;\n"
             "summary = true; senml_array = true; tls_alpn = \"mqtt\";\n"
             "rules = ( { path = \"door\"; qos = 0; retain = false; format = \"raw\"; },\n"
             "{ rt = \"temp\"; if = \"core.s\"; obs = false; method = \"post\"; ignore = true; "
             "poll_interval_s = 5; } ); };"),
        0);
    assert_string_equal(conf.brokers[0].host, "2001:db8::1");
    assert_int_equal(conf.brokers[0].port, 8883);
    assert_int_equal(conf.log_level, BCONF_LOG_DEBUG);
    assert_int_equal(conf.log_to, BCONF_LOG_SYSLOG);
    assert_int_equal(conf.topic_aliases, 12);
    assert_string_equal(conf.tls_alpn, "mqtt");
    assert_int_equal(conf.publish_log, BCONF_PUBLISH_OFF);
    assert_string_equal(conf.spool, "/s.db");
    assert_int_equal(conf.spool_mb, 2);
    assert_int_equal(conf.spool_hours, 3);
    bconf_core(&conf, &core);
    assert_true(core.memory_will_do);
    assert_true(core.summary && core.senml_array);
    assert_string_equal(core.base, "site/mesh");
    assert_int_equal(core.n_commands, 2);
    assert_string_equal(core.commands[1], "led");
    assert_string_equal(core.hass_prefix, "ha");
    assert_int_equal(core.n_requests, 1);
    assert_int_equal(core.n_sleepy, 1);
    assert_string_equal(core.sleepy[0], "0*");
    assert_int_equal(core.command_ttl_s, 9);
    assert_int_equal(core.sleepy_ttl_s, 8);
    assert_int_equal(core.max_commands, 7);
    assert_int_equal(core.command_rate, 4);
    assert_int_equal(core.max_command_octets, 600);
    assert_int_equal(core.n_rules, 2);
    assert_int_equal(core.rules[0].method, BRG_METHOD_PUT);
    assert_int_equal(core.rules[1].method, BRG_METHOD_POST);
    assert_null(core.rules[1].path);
    assert_string_equal(core.rules[1].rt, "temp");
    assert_string_equal(core.rules[1].ifs, "core.s");
    assert_int_equal(core.rules[1].obs, BRG_OBS_NO);
    assert_int_equal(core.rules[0].obs, BRG_OBS_EITHER);
    assert_int_equal(core.n_names, 2);
    assert_string_equal(core.names[1].eui64, "00124b0000010001");
    assert_string_equal(core.names[1].name, "kitchen/door");
    assert_string_equal(core.rules[0].path, "door");
    assert_int_equal(core.rules[0].qos, 0);
    assert_int_equal(core.rules[0].retain, 0);
    assert_int_equal(core.rules[0].output, BRG_OUTPUT_RAW);
    assert_false(core.rules[0].ignore);
    assert_int_equal(core.rules[1].qos, BRG_QOS_UNSET);
    assert_int_equal(core.rules[1].retain, BRG_RETAIN_UNSET);
    assert_int_equal(core.rules[1].output, BRG_OUTPUT_UNSET);
    assert_true(core.rules[1].ignore);
    assert_int_equal(core.rules[1].poll_interval_s, 5);
}

/* Each names line, setting, what was found, and what is allowed; all of them at once. */
static void test_errors(void **state)
{
    (void)state;
    assert_int_equal(load("bridge = {\n"
                          "  qos = 3;\n"
                          "  qos_ = 1;\n"
                          "  base = \"a/#\";\n"
                          "  broker = \"http://x\";\n"
                          "  format = \"xml\";\n"
                          "  coap_port = \"x\";\n"
                          "  settle_s = 1.5;\n"
                          "  max_nodes = 9999999999L;\n"
                          "  rules = ( { qos = 1; }, 5, { path = \"\"; colour = 1; } );\n"
                          "  commands = \"x\";\n"
                          "  password = \"secret\";\n"
                          "};"),
                     14);
    assert_string_equal(
        errors,
        ":2: bridge.qos = 3: out of range; allowed is a number from 0 to 2\n"
        ":3: bridge.qos_ = 1: unknown setting; rpld-bridge.conf(5) has them all\n"
        ":4: bridge.base = \"a/#\": no topic; allowed are 1 to 64 octets without + and #, that "
        "neither start with $ or / nor end with /\n"
        ":5: bridge.broker = \"http://x\": not understood; allowed is mqtt://HOST or "
        "mqtt://HOST:PORT, mqtts:// for TLS, HOST a name, an IPv4 address or an IPv6 address in "
        "[]\n"
        ":6: bridge.format = \"xml\": not known; allowed is \"json\", \"value\" or \"raw\"\n"
        ":7: bridge.coap_port = \"x\": not a number; allowed is a number from 0 to 65535\n"
        ":8: bridge.settle_s = 1.5: not a number; allowed is a number from 0 to 3600\n"
        ":9: bridge.max_nodes = 9999999999: out of range; allowed is a number from 1 to 100000\n"
        ":10: bridge.rules[0] = a group: a rule without path, rt, if and obs; they say "
        "which resources are meant\n"
        ":10: bridge.rules[1] = 5: not a rule; allowed is a group { path = \"...\"; ... }\n"
        ":10: bridge.rules[2].path = \"\": of the wrong length; allowed is a text of 1 to 127 "
        "characters\n"
        ":10: bridge.rules[2].colour = 1: unknown setting; allowed here: qos retain format "
        "method poll_interval_s path rt if obs ignore\n"
        ":11: bridge.commands = \"x\": allowed is a list of at most 64 patterns\n"
        ":12: bridge.password (not shown): a password without username; set both or none\n");
}

static void test_names(void **state)
{
    static const char *const bad[] = {"",      "bridge", "bridge/x",         "a+b", "/a",
                                      "a/set", "a//b",   "00124b0000010000", "$a"};
    char text[160];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(text, sizeof(text),
                       "bridge = { names = ( { node = \"00124b0000010000\"; name = \"%s\"; } ); };",
                       bad[i]);
        assert_int_equal(load(text), 1);
        assert_non_null(strstr(errors, "bridge.names[0] = a group: name is none"));
    }
    assert_int_equal(load("bridge = { names = ( { node = \"00124b0000010000\"; name = \"a\"; },"
                          "{ node = \"00124b0000010001\"; name = \"a\"; } ); };"),
                     1);
    assert_non_null(strstr(errors, "bridge.names[1] = a group: node or name is there twice"));
    assert_int_equal(load("bridge = { names = ( { node = \"12\"; name = \"a\"; } ); };"), 1);
    assert_non_null(strstr(errors, "node is no EUI-64"));
    assert_int_equal(load("bridge = { names = ( { node = 12; } ); };"), 1);
}

static void test_broken_files(void **state)
{
    struct bconf other;
    char said[256] = "";
    FILE *out;

    (void)state;
    assert_int_equal(load("bridge = {"), 1);
    assert_non_null(strstr(errors, "syntax error"));
    assert_int_equal(load("instances = ( );"), 1);
    assert_non_null(strstr(errors, "no group bridge"));
    assert_int_equal(load("bridge = 5;"), 1);
    out = fmemopen(said, sizeof(said) - 1, "w");
    assert_int_equal(bconf_load("/nonexistent/rpld.conf", &other, out), 1);
    assert_int_equal(bconf_load("/dev/zero", &other, out), 1);
    assert_int_equal(bconf_load("/", &other, out), 1);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(said, "/nonexistent/rpld.conf: No such file or directory\n"
                              "/dev/zero: not a regular file\n/: not a regular file\n");
}

static void test_too_many_rules(void **state)
{
    char text[8192] = "bridge = { rules = ( ";

    (void)state;
    for (int i = 0; i <= BCONF_RULES_MAX; i++) {
        strcat(text, i == 0 ? "{ path = \"a\"; }" : ", { path = \"a\"; }");
    }
    strcat(text, " ); };");
    assert_int_equal(load(text), 1);
}

static void test_brokers(void **state)
{
    static const struct {
        const char *url;
        const char *host;
        unsigned port;
        bool tls;
    } good[] = {
        {"mqtt://localhost", "localhost", 1883, false},
        {"mqtt://10.0.0.1:1", "10.0.0.1", 1, false},
        {"mqtt://[::1]", "::1", 1883, false},
        {"mqtt://[fe80::1%eth0]:65535", "fe80::1%eth0", 65535, false},
        {"mqtts://a", "a", 8883, true},
        {"mqtts://[::1]:1", "::1", 1, true},
    };
    static const char *const bad[] = {
        "localhost",        "mqtt://",        "mqtt://:1883",    "mqtt://a:",
        "mqtt://a:0",       "mqtt://a:65536", "mqtt://a:1x",     "mqtt://[::1",
        "mqtt://[::1]1883", "mqtt://[]",      "mqtt://u@h",      "mqtts://",
        "mqtt://a/b",       "mqtt://a:-1",    "mqtt://a:999999", "mqtt://a b",
    };
    struct bconf_broker broker;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(bconf_broker_parse(good[i].url, &broker));
        assert_string_equal(broker.url, good[i].url);
        assert_string_equal(broker.host, good[i].host);
        assert_int_equal(broker.port, good[i].port);
        assert_int_equal(broker.tls, good[i].tls);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(bconf_broker_parse(bad[i], &broker));
    }
}

static void test_several_brokers(void **state)
{
    (void)state;
    assert_int_equal(load("bridge = { broker = ( \"mqtts://a\", \"mqtt://b:7\" ); psk = \"0aF1\";\n"
                          "psk_identity = \"i\"; tls_key = \"k\"; tls_certificate = \"c\";\n"
                          "mqtt_version = \"3.1.1\"; clean_session = false; };"),
                     0);
    assert_int_equal(conf.n_brokers, 2);
    assert_true(conf.brokers[0].tls);
    assert_string_equal(conf.brokers[1].host, "b");
    assert_int_equal(conf.brokers[1].port, 7);
    assert_int_equal(conf.mqtt_version, BCONF_MQTT_311);
    assert_false(conf.clean_session);
    assert_int_equal(load("bridge = { broker = ( \"mqtt://a\", \"b\", 5 ); psk = \"0aF\"; };"), 3);
    assert_null(strstr(errors, "0aF")); /* a secret is not shown */
    assert_int_equal(load("bridge = { broker = ( ); };"), 1);
    assert_int_equal(load("bridge = { psk = \"0aF\"; psk_identity = \"i\"; tls_key = \"k\"; };"),
                     2);
}

static int setup(void **state)
{
    int fd = mkstemp(file);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),        cmocka_unit_test(test_beside_rpld),
        cmocka_unit_test(test_everything),      cmocka_unit_test(test_errors),
        cmocka_unit_test(test_names),           cmocka_unit_test(test_broken_files),
        cmocka_unit_test(test_too_many_rules),  cmocka_unit_test(test_brokers),
        cmocka_unit_test(test_several_brokers),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
