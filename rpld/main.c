/* SPDX-License-Identifier: ISC */
/* rpld: what the command line says. */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "conf/conf.h"
#include "rpld/daemon.h"
#include "rpld/log.h"
#include "rpld/notify.h"
#include "rpld/prepare.h"

/* Options without a letter. */
#define MAIN_PREPARE 256
#define MAIN_RECORD 257

static void main_usage(FILE *out)
{
    fputs("usage: rpld [-c FILE] [-df]     run\n"
          "       rpld [-c FILE] -t        check the configuration\n"
          "       rpld [-c FILE] -T        print the effective configuration\n"
          "       rpld [-c FILE] --prepare modules, sysctls and radio interfaces, as root\n"
          "       rpld -V | -h             version, this text\n"
          "\n"
          "  -c FILE        configuration, instead of " CONF_FILE_DEFAULT "\n"
          "  -d             log everything, whatever the configuration says\n"
          "  -f             stay in the foreground, log to stderr, start the bridge too\n"
          "  --record FILE  record what the engine hears, for rplsim --replay\n"
          "\n"
          "See rpld(8) and rpld.conf(5); rplctl(8) shows what it does.\n",
          out);
}

struct main_options {
    struct daemon_options daemon;
    bool check, print, prepare;
    int exit; /* 0.. : nothing more to do */
};

static void main_options(int argc, char **argv, struct main_options *options)
{
    static const struct option names[] = {{"prepare", no_argument, NULL, MAIN_PREPARE},
                                          {"record", required_argument, NULL, MAIN_RECORD},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "c:dfhtTV", names, NULL)) != -1) {
        switch (c) {
        case MAIN_PREPARE:
            options->prepare = true;
            break;
        case MAIN_RECORD:
            options->daemon.record = optarg;
            break;
        case 'c':
            options->daemon.config = optarg;
            break;
        case 'd':
            options->daemon.debug = true;
            break;
        case 'f':
            options->daemon.foreground = true;
            break;
        case 't':
            options->check = true;
            break;
        case 'T':
            options->print = true;
            break;
        case 'V':
            puts("rpld " RPLD_VERSION);
            options->exit = 0;
            return;
        case 'h':
            main_usage(stdout);
            options->exit = 0;
            return;
        default:
            main_usage(stderr);
            options->exit = 2;
            return;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "rpld: \"%s\" is not an option; the configuration goes behind -c\n",
                argv[optind]);
        main_usage(stderr);
        options->exit = 2;
    }
}

static int main_load(const struct main_options *options, struct conf *conf)
{
    static struct conf_errors errors;
    const char *file = options->daemon.config;

    int r = conf_load(file, conf, &errors);
    conf_errors_print(&errors, stderr); /* or warnings */
    if (r == 0)
        return 0;
    fprintf(stderr,
            "rpld: not started: correct the above in %s, then try rpld -t -c %s; rpld.conf(5) has "
            "every setting\n",
            file, file);
    return 1;
}

int main(int argc, char **argv)
{
    static struct conf conf;
    struct main_options options = {.daemon = {.config = CONF_FILE_DEFAULT}, .exit = -1};

    main_options(argc, argv, &options);
    if (options.exit >= 0)
        return options.exit;
    if (main_load(&options, &conf) != 0)
        return 1;
    if (options.print) {
        conf_print(&conf, stdout);
        return ferror(stdout) || fflush(stdout) != 0;
    }
    if (options.check) {
        printf("%s: configuration is right\n", options.daemon.config);
        return 0;
    }
    if (options.prepare)
        return prepare_run(&conf);
    /* On stderr at first in any case but as a service: whoever starts it sees why it fails. */
    bool service = !options.daemon.foreground && notify_wanted();
    log_open(service ? conf.log.to : CONF_LOG_STDERR,
             options.daemon.debug ? CONF_LOG_DEBUG : conf.log.level);
    return daemon_run(&options.daemon, &conf);
}
