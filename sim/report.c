/* SPDX-License-Identifier: ISC */
#include "sim/scenario.h"

#include <inttypes.h>
#include <stdio.h>

#include "of/of.h"

const char *sim_topology_name(const struct sim_scenario *scenario)
{
    static const char *const names[] = {"line", "grid", "tree", "disc"};

    return scenario->mesh ? "file" : names[scenario->topology];
}

/* As --objective takes it. */
const char *sim_objective_name(const struct sim_scenario *scenario)
{
    static const char *const metrics[] = {
        [RPL_METRIC_ETX] = "etx", [RPL_METRIC_HOPS] = "hops", [RPL_METRIC_LATENCY] = "latency"};

    return scenario->ocp == OF_OCP_OF0 ? "of0" : metrics[scenario->metric];
}

/* As --traffic takes it. */
const char *sim_traffic_name(unsigned kinds)
{
    static const char *const names[] = {"none", "up",     "down",     "up,down",
                                        "p2p",  "up,p2p", "down,p2p", "up,down,p2p"};

    return names[kinds & 7];
}

static double seconds(rpl_duration duration)
{
    return (double)duration / 1e6;
}

static double node_hours(const struct sim_scenario *options)
{
    return options->nodes * seconds(options->duration) / 3600;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 100.0;
}

void sim_report_repeat(const struct sim_scenario *o)
{
    static const char *const roots[] = {"no", "state", "fresh"};

    fprintf(stderr,
            "repeat with: rplsim --nodes %u --topology %s --degree %u --mop %d --objective %s "
            "--loss %.6g --hours %.10g --traffic %s --period %.10g --imin %u --doublings %u "
            "--redundancy %u --switch-threshold %u --restarts %.10g --cuts %.10g --partition %.10g "
            "--root-restart %s --seed %" PRIu64 "\n",
            o->nodes, o->mesh ? o->file : sim_topology_name(o), o->degree, (int)o->mop,
            sim_objective_name(o), o->loss / 1e6, seconds(o->duration) / 3600,
            sim_traffic_name(o->traffic), seconds(o->period), o->dodag.dio_interval_min,
            o->dodag.dio_interval_doublings, o->dodag.dio_redundancy_constant, o->switch_threshold,
            o->restarts, o->cuts, seconds(o->partition), roots[o->root_restart], o->seed);
}

static double ratio(uint64_t a, uint64_t b)
{
    return b > 0 ? (double)a / (double)b : 0;
}

/* Delivered of those that were not lost on the air. */
static double kept(const struct sim_flow *flow)
{
    return percent(flow->delivered, flow->sent - flow->lost[SIM_LOST_TRIES]);
}

static void flow_text(const char *name, const struct sim_flow *flow)
{
    if (flow->sent == 0)
        return;
    printf("%-19s%.3f %% of %" PRIu64 ", %.3f %% but for lost-tries, mean hops %.2f", name,
           percent(flow->delivered, flow->sent), flow->sent, kept(flow),
           ratio(flow->hops, flow->delivered));
    for (unsigned i = SIM_DELIVERED + 1; i < SIM_FATE_COUNT; i++) {
        if (flow->lost[i] > 0)
            printf(", %s %" PRIu64, sim_fate_name((enum sim_fate)i), flow->lost[i]);
    }
    printf("\n");
}

void sim_report_text(const struct sim_scenario *options, const struct sim_outcome *result)
{
    const struct sim_stats *stats = &result->stats;
    double hours = node_hours(options);

    printf("network            %u nodes, %s, MOP %d, %s, loss %.1f %%, %.4g h, seed %" PRIu64 "\n",
           options->nodes, sim_topology_name(options), (int)options->mop,
           sim_objective_name(options), options->loss / 1e4, seconds(options->duration) / 3600,
           options->seed);
    printf("joined             %u of %u, median %.1f s, p99 %.1f s\n", result->joined,
           options->nodes - 1, seconds(result->join_median), seconds(result->join_p99));
    printf("messages/node/hour DIS %.2f, DIO %.2f, DAO %.2f, DAO-ACK %.2f\n",
           (double)stats->dis / hours, (double)stats->dio / hours, (double)stats->dao / hours,
           (double)stats->dao_ack / hours);
    printf("parents            %.3f changes/node/hour, %" PRIu64 " detached\n",
           (double)stats->parent_changes / hours, stats->detached);
    flow_text("up", &result->up);
    flow_text("down", &result->down);
    flow_text("p2p", &result->p2p);
    if (result->p2p_shortest > 0)
        printf("stretch            %.3f times the hops of the shortest way\n",
               ratio(result->p2p_hops, result->p2p_shortest));
    if (stats->data_hops > 0)
        printf("headers            %.2f octets of RPL on a user packet and hop\n",
               ratio(stats->data_extra, stats->data_hops));
    printf("longest way        %u hops\n", result->hops_max);
    printf("memory             %.0f octets/node\n", (double)stats->memory_peak / options->nodes);
    printf("digest             %016" PRIx64 "\n", result->digest);
    printf("rules              %s\n", result->failed ? result->failure : "held");
}

static void flow_json(const char *name, const struct sim_flow *flow)
{
    printf("  \"%s\": {\"sent\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"hops_mean\": %.3f, "
           "\"percent_but_lost_tries\": %.4f",
           name, flow->sent, flow->delivered, ratio(flow->hops, flow->delivered), kept(flow));
    printf(", \"lost\": [");
    for (unsigned i = SIM_DELIVERED + 1, first = 1; i < SIM_FATE_COUNT; i++) {
        if (flow->lost[i] == 0)
            continue;
        printf("%s{\"cause\": \"%s\", \"count\": %" PRIu64 "}", first ? "" : ", ",
               sim_fate_name((enum sim_fate)i), flow->lost[i]);
        first = 0;
    }
    printf("]},\n");
}

void sim_report_json(const struct sim_scenario *options, const struct sim_outcome *result)
{
    const struct sim_stats *stats = &result->stats;
    double hours = node_hours(options);

    printf("{\n  \"schema\": 1,\n");
    printf("  \"nodes\": %u, \"topology\": \"%s\", \"mop\": %d, \"objective\": \"%s\",\n",
           options->nodes, sim_topology_name(options), (int)options->mop,
           sim_objective_name(options));
    printf("  \"loss\": %.6f, \"hours\": %.10g, \"seed\": %" PRIu64 ",\n", options->loss / 1e6,
           seconds(options->duration) / 3600, options->seed);
    printf("  \"joined\": %u, \"join_median_s\": %.3f, \"join_p99_s\": %.3f,\n", result->joined,
           seconds(result->join_median), seconds(result->join_p99));
    printf("  \"messages_per_node_hour\": {\"dis\": %.4f, \"dio\": %.4f, \"dao\": %.4f, "
           "\"dao_ack\": %.4f},\n",
           (double)stats->dis / hours, (double)stats->dio / hours, (double)stats->dao / hours,
           (double)stats->dao_ack / hours);
    printf("  \"parent_changes_per_node_hour\": %.4f, \"detached\": %" PRIu64 ",\n",
           (double)stats->parent_changes / hours, stats->detached);
    flow_json("up", &result->up);
    flow_json("down", &result->down);
    flow_json("p2p", &result->p2p);
    printf("  \"p2p_stretch\": %.4f, \"header_octets_per_hop\": %.4f,\n",
           ratio(result->p2p_hops, result->p2p_shortest),
           ratio(stats->data_extra, stats->data_hops));
    printf("  \"hops_max\": %u, \"memory_per_node\": %.0f,\n", result->hops_max,
           (double)stats->memory_peak / options->nodes);
    printf("  \"traffic\": \"%s\",\n", sim_traffic_name(options->traffic));
    printf("  \"digest\": \"%016" PRIx64 "\",\n", result->digest);
    printf("  \"rules_held\": %s, \"failure\": \"%s\"\n}\n", result->failed ? "false" : "true",
           result->failure);
}
