/* SPDX-License-Identifier: ISC */
/* rpld-bridge: the command line, and the order in which things begin and end. */
#include "bridge/app.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mosquitto.h>

#include "bridge/log.h"
#include "bridge/priv.h"

/* All is open: the wall goes up, and what comes in from the world comes in behind it. */
static void enclose(const struct brg_app *app)
{
    const char *spool = NULL;

    if (app->spool != NULL) {
        spool = app->conf.spool[0] != '\0' ? app->conf.spool : BRG_SPOOL_FILE;
    }
    brg_priv_enclose(&app->conf, spool);
}

static int run(struct brg_app *app)
{
    const char *what = "";
    int err;

    app->udp = brg_udp_open(app->conf.coap_port);
    if (app->udp < 0) {
        brg_log_error("coap: cannot open the socket port=%d error=\"%s\"%s", app->conf.coap_port,
                      strerror(-app->udp),
                      app->udp == -EADDRINUSE ? " mend=\"set bridge.coap_port to another\"" : "");
        return 1;
    }
    if (!brg_app_dtls_open(app)) {
        return 1;
    }
    if (strcmp(app->conf.control_socket, "none") != 0) {
        brg_ctl_prepare(app->conf.control_socket, app->conf.user);
    }
    err = brg_priv_drop(app->conf.user, &what);
    if (err < 0) {
        brg_log_error("bridge: cannot %s user=%s error=\"%s\"", what, app->conf.user,
                      strerror(-err));
        return 1;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)mosquitto_lib_init();
    app->loop = ev_default_loop(EVFLAG_AUTO);
    if (app->loop == NULL || !brg_app_parts_new(app)) {
        brg_log_error("bridge: cannot start error=\"%s\"", strerror(ENOMEM));
        return 1;
    }
    if (!brg_app_spool_open(app)) {
        return 1;
    }
    brg_app_watch(app);
    brg_seek_start(&app->seek, app->loop, &app->conf, app->core, app->udp);
    if (!brg_app_hear(app)) {
        brg_log_error("bridge: cannot start error=\"%s\"", strerror(ENOMEM));
        return 1;
    }
    enclose(app);
    brg_app_publish_log(app);
    brg_mqtt_start(app->mqtt);
    ev_run(app->loop, 0);
    brg_log_info("bridge: stopping");
    brg_log_tee(NULL, NULL, BCONF_LOG_ERROR);
    brg_ctl_free(app->ctl);
    brg_follow_free(app->follow);
    brg_neighbors_free(app->neighbors);
    brg_mqtt_free(app->mqtt);
    brg_app_parts_free(app);
    brg_keys_free(&app->keys);
    (void)close(app->udp);
    return app->exit;
}

static void usage(FILE *out)
{
    (void)fputs("usage: rpld-bridge [-c FILE] [-df] [-s SOCKET]   run\n"
                "       rpld-bridge [-c FILE] -t                  check the configuration\n"
                "       rpld-bridge -V | -h                       version, this text\n"
                "\n"
                "  -c FILE    configuration, instead of " BCONF_FILE_DEFAULT "\n"
                "  -d         log everything, whatever the configuration says\n"
                "  -f         log to standard error, whatever the configuration says\n"
                "  -s SOCKET  rpld's control socket, whatever the configuration says\n"
                "\n"
                "See rpld-bridge(8) and rpld-bridge.conf(5).\n",
                out);
}

static void password_check(const struct bconf *conf, const char *file)
{
    struct stat st;

    if (conf->password[0] != '\0' && stat(file, &st) == 0 && (st.st_mode & S_IROTH)) {
        brg_log_warning("bridge: everybody can read the broker's password file=%s "
                        "mend=\"chgrp rpld %s; chmod 640 %s\"",
                        file, file, file);
    }
}

struct options {
    const char *file;
    const char *socket;
    bool debug;
    bool foreground;
    bool check;
    int exit; /* 0..: nothing more to do */
};

static void options_read(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {
        {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
    int c;

    while (options->exit < 0 && (c = getopt_long(argc, argv, "c:dfhs:tV", names, NULL)) != -1) {
        switch (c) {
        case 'c':
            options->file = optarg;
            break;
        case 'd':
            options->debug = true;
            break;
        case 'f':
            options->foreground = true;
            break;
        case 's':
            options->socket = optarg;
            break;
        case 't':
            options->check = true;
            break;
        case 'V':
            (void)puts("rpld-bridge " BRIDGE_VERSION);
            options->exit = 0;
            break;
        case 'h':
            usage(stdout);
            options->exit = 0;
            break;
        default:
            usage(stderr);
            options->exit = 2;
            break;
        }
    }
    if (options->exit < 0 && (optind < argc || (options->socket != NULL &&
                                                strlen(options->socket) >= BCONF_SOCKET_MAX))) {
        (void)fprintf(stderr, "rpld-bridge: \"%s\" is not %s\n",
                      optind < argc ? argv[optind] : options->socket,
                      optind < argc ? "an option; the configuration goes behind -c"
                                    : "a path that a socket can have");
        usage(stderr);
        options->exit = 2;
    }
}

int main(int argc, char **argv)
{
    static struct brg_app app;
    struct options options = {.file = BCONF_FILE_DEFAULT, .exit = -1};
    struct bconf *conf = &app.conf;

    options_read(argc, argv, &options);
    if (options.exit >= 0) {
        return options.exit;
    }
    if (bconf_load(options.file, conf, stderr) > 0) {
        (void)fprintf(stderr,
                      "rpld-bridge: not started: correct the above in %s, then try rpld-bridge -t "
                      "-c %s; rpld-bridge.conf(5) has every setting\n",
                      options.file, options.file);
        return 1;
    }
    if (options.check) {
        if (conf->dtls_keys[0] != '\0' && brg_keys_load(conf->dtls_keys, &app.keys, stderr) > 0) {
            return 1;
        }
        (void)printf("%s: the group bridge is right\n", options.file);
        return 0;
    }
    if (options.socket != NULL) {
        memcpy(conf->socket, options.socket, strlen(options.socket) + 1);
    }
    brg_log_open(options.foreground ? BCONF_LOG_STDERR : (enum bconf_log_to)conf->log_to,
                 options.debug ? BCONF_LOG_DEBUG : (enum bconf_log_level)conf->log_level);
    password_check(conf, options.file);
    return run(&app);
}
