/* SPDX-License-Identifier: ISC */
/*
 * rplsim: the engine of rpld, thousands of times, on virtual time. Size a network before the
 * radios are bought, or repeat a failure from its seed. Exits 0 when every node joined, can be
 * reached and no rule was broken, 1 otherwise, 2 on a wrong command line.
 */
#include "sim/mesh.h"
#include "sim/page.h"
#include "sim/replay.h"
#include "sim/scenario.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "of/of.h"

#define NODES_MAX SIM_MESH_NODES_MAX
#define HOURS_MAX 100000

enum setting {
    OPT_NODES = 1,
    OPT_TOPOLOGY,
    OPT_DEGREE,
    OPT_MOP,
    OPT_OBJECTIVE,
    OPT_LOSS,
    OPT_HOURS,
    OPT_TRAFFIC,
    OPT_PERIOD,
    OPT_RESTARTS,
    OPT_CUTS,
    OPT_PARTITION,
    OPT_ROOT,
    OPT_SEED,
    OPT_IMIN,
    OPT_DOUBLINGS,
    OPT_REDUNDANCY,
    OPT_THRESHOLD,
    OPT_HTML,
    OPT_REPLAY,
    OPT_JSON,
    OPT_LOG,
    OPT_HELP
};

static const struct option longs[] = {
    {"nodes", required_argument, NULL, OPT_NODES},
    {"topology", required_argument, NULL, OPT_TOPOLOGY},
    {"degree", required_argument, NULL, OPT_DEGREE},
    {"mop", required_argument, NULL, OPT_MOP},
    {"objective", required_argument, NULL, OPT_OBJECTIVE},
    {"loss", required_argument, NULL, OPT_LOSS},
    {"hours", required_argument, NULL, OPT_HOURS},
    {"traffic", required_argument, NULL, OPT_TRAFFIC},
    {"period", required_argument, NULL, OPT_PERIOD},
    {"restarts", required_argument, NULL, OPT_RESTARTS},
    {"cuts", required_argument, NULL, OPT_CUTS},
    {"partition", required_argument, NULL, OPT_PARTITION},
    {"root-restart", required_argument, NULL, OPT_ROOT},
    {"seed", required_argument, NULL, OPT_SEED},
    {"imin", required_argument, NULL, OPT_IMIN},
    {"doublings", required_argument, NULL, OPT_DOUBLINGS},
    {"redundancy", required_argument, NULL, OPT_REDUNDANCY},
    {"switch-threshold", required_argument, NULL, OPT_THRESHOLD},
    {"html", required_argument, NULL, OPT_HTML},
    {"replay", required_argument, NULL, OPT_REPLAY},
    {"json", no_argument, NULL, OPT_JSON},
    {"log", no_argument, NULL, OPT_LOG},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: rplsim [options]\n"
    "  --nodes N             nodes with the root, 2 to 100000 (100)\n"
    "  --topology T          line, grid, tree, disc, or a file: see rplsim(1) (disc)\n"
    "  --degree D            neighbours of a node in a disc (12)\n"
    "  --mop 1|2|3           non-storing, storing, storing with multicast (1)\n"
    "  --objective O         of0, or MRHOF with etx, hops or latency (etx)\n"
    "  --loss P              chance that a try is lost, 0 to 1 (0.1)\n"
    "  --hours H             virtual time (2)\n"
    "  --traffic T           user packets: up, down, p2p with commas between them, or none\n"
    "                        (up,down)\n"
    "  --period S            seconds between two user packets of a node, of each kind (300)\n"
    "  --restarts N          node restarts per hour in the whole mesh, of all kinds (0)\n"
    "  --cuts N              link failures of some minutes per hour in the whole mesh (0)\n"
    "  --partition S         the mesh falls into halves once, for so many seconds (0)\n"
    "  --root-restart R      no, state or fresh: once, with its state or without (no)\n"
    "  --imin N              shortest Trickle interval, 2^N ms (12)\n"
    "  --doublings N         of the Trickle interval (8)\n"
    "  --redundancy K, -k K  Trickle's k (10)\n"
    "  --switch-threshold N  MRHOF hysteresis, ETX x 128 (192)\n"
    "  --seed S              another run (1)\n"
    "  --html FILE           write a page that plays how the DODAG forms\n"
    "  --replay FILE         instead: repeat what `rplctl record` recorded of a daemon\n"
    "  --json                for programs\n"
    "  --log                 every message and decision\n";

/* A decimal number of [0, most], or the end of the program. */
static double number(const char *text, double most, const char *name)
{
    char *end;
    double value;

    errno = 0;
    value = strtod(text, &end);
    if (errno != 0 || end == text || *end != '\0' || !(value >= 0 && value <= most)) {
        fprintf(stderr, "rplsim: --%s %s: not a number from 0 to %.10g\n", name, text, most);
        exit(2);
    }
    return value;
}

/* The place of |text| in |words|. */
static unsigned choice(const char *text, const char *const *words, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0)
            return i;
    }
    fprintf(stderr, "rplsim: --%s %s: not one of", name, text);
    for (unsigned i = 0; i < count; i++)
        fprintf(stderr, " %s", words[i]);
    fprintf(stderr, "\n");
    exit(2);
}

/* A shape that we draw, or else the file of this name. */
static void take_topology(struct sim_scenario *options)
{
    static const char *const topologies[] = {"line", "grid", "tree", "disc"};

    options->file = NULL;
    for (unsigned i = 0; i < 4; i++) {
        if (strcmp(optarg, topologies[i]) == 0) {
            options->topology = (enum sim_topology)i;
            return;
        }
    }
    options->file = optarg;
}

static void take_objective(struct sim_scenario *options, const char *name)
{
    static const char *const words[] = {"etx", "hops", "latency", "mrhof", "of0"};
    static const enum rpl_metric metrics[] = {RPL_METRIC_ETX, RPL_METRIC_HOPS, RPL_METRIC_LATENCY,
                                              RPL_METRIC_ETX, RPL_METRIC_ETX};
    unsigned i = choice(optarg, words, 5, name);

    options->ocp = i == 4 ? OF_OCP_OF0 : OF_OCP_MRHOF;
    options->metric = metrics[i];
}

static void take_traffic(struct sim_scenario *options, const char *name)
{
    static const char *const words[] = {"none", "up", "down", "p2p"};
    static const unsigned kinds[] = {0, SIM_TRAFFIC_UP, SIM_TRAFFIC_DOWN, SIM_TRAFFIC_P2P};
    char *save = NULL;

    options->traffic = 0;
    for (char *p = strtok_r(optarg, ",", &save); p; p = strtok_r(NULL, ",", &save))
        options->traffic |= kinds[choice(p, words, 4, name)];
}

static void take(struct sim_scenario *options, int option, const char *name)
{
    static const char *const modes[] = {"1", "2", "3"};
    static const char *const roots[] = {"no", "state", "fresh"};
    struct rpl_dodag_settings *dodag = &options->dodag;

    switch ((enum setting)option) {
    case OPT_NODES:
        options->nodes = (unsigned)number(optarg, NODES_MAX, name);
        break;
    case OPT_TOPOLOGY:
        take_topology(options);
        break;
    case OPT_DEGREE:
        options->degree = (unsigned)number(optarg, 200, name);
        break;
    case OPT_MOP:
        options->mop = (enum rpl_mop)(choice(optarg, modes, 3, name) + RPL_MOP_NON_STORING);
        break;
    case OPT_OBJECTIVE:
        take_objective(options, name);
        break;
    case OPT_LOSS:
        options->loss = (uint32_t)(number(optarg, 1, name) * SIM_LOSS_ALL + 0.5);
        break;
    case OPT_HOURS:
        options->duration = (rpl_duration)(number(optarg, HOURS_MAX, name) * 3600e6 + 0.5);
        break;
    case OPT_TRAFFIC:
        take_traffic(options, name);
        break;
    case OPT_PERIOD:
        options->period = (rpl_duration)(number(optarg, 1e6, name) * 1e6 + 0.5);
        break;
    case OPT_RESTARTS:
        options->restarts = number(optarg, 1e6, name);
        break;
    case OPT_CUTS:
        options->cuts = number(optarg, 1e6, name);
        break;
    case OPT_PARTITION:
        options->partition = (rpl_duration)(number(optarg, 1e6, name) * 1e6 + 0.5);
        break;
    case OPT_ROOT:
        options->root_restart = (enum sim_root_restart)choice(optarg, roots, 3, name);
        break;
    case OPT_SEED:
        options->seed = strtoull(optarg, NULL, 10);
        break;
    case OPT_IMIN:
        dodag->dio_interval_min = (uint8_t)number(optarg, 24, name);
        break;
    case OPT_DOUBLINGS:
        dodag->dio_interval_doublings = (uint8_t)number(optarg, 24, name);
        break;
    case OPT_REDUNDANCY:
        dodag->dio_redundancy_constant = (uint8_t)number(optarg, 255, name);
        break;
    case OPT_THRESHOLD:
        options->switch_threshold = (uint16_t)number(optarg, 65535, name);
        break;
    case OPT_HTML:
        options->html = optarg;
        break;
    case OPT_REPLAY:
        options->replay = optarg;
        break;
    case OPT_JSON:
        options->json = true;
        break;
    case OPT_LOG:
        options->log = true;
        break;
    case OPT_HELP:
        fputs(usage, stdout);
        exit(0);
    }
}

static int misused(const char *why)
{
    if (*why)
        fprintf(stderr, "rplsim: %s\n", why);
    else
        fputs(usage, stderr);
    return 2;
}

static int run(const struct sim_scenario *options)
{
    struct sim_outcome result;

    sim_scenario_run(options, &result);
    if (options->json)
        sim_report_json(options, &result);
    else
        sim_report_text(options, &result);
    if (result.failed) {
        fprintf(stderr, "rplsim: %s\n", result.failure);
        sim_report_repeat(options);
    }
    return result.failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct sim_scenario options;
    struct sim_mesh *mesh = NULL;
    char error[512];
    int option, index = 0;

    sim_scenario_default(&options);
    while ((option = getopt_long(argc, argv, "k:", longs, &index)) != -1) {
        if (option == '?')
            return misused("");
        if (option == 'k')
            take(&options, OPT_REDUNDANCY, "k");
        else
            take(&options, option, longs[index].name);
    }
    if (options.replay && optind == argc)
        return sim_replay_run(options.replay, options.log, options.json);
    if (options.file) {
        mesh = sim_mesh_load(options.file, error, sizeof(error));
        if (!mesh)
            return misused(error);
        options.mesh = mesh;
        options.nodes = sim_mesh_nodes(mesh);
    }
    if (optind < argc || options.nodes < 2) {
        sim_mesh_free(mesh);
        return misused("");
    }
    if (options.period == 0)
        options.traffic = 0;
    if (options.html && options.nodes > SIM_PAGE_NODES_MAX) {
        sim_mesh_free(mesh);
        return misused("--html: at most 10000 nodes");
    }

    int err = run(&options);
    sim_mesh_free(mesh);
    return err;
}
