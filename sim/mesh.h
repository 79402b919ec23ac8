/* SPDX-License-Identifier: ISC */
/*
 * A mesh from a file: nodes, links and a timetable of what happens to them, as rplsim(1)
 * describes it. Reads plain text and checks all of it before anything runs.
 */
#ifndef SIM_MESH_H
#define SIM_MESH_H

#include "sim/sim.h"

#define SIM_MESH_NODES_MAX 100000
#define SIM_MESH_LINKS_MAX 4000000
#define SIM_MESH_DEEDS_MAX 1000000

struct sim_mesh;

/* The mesh in |path|; NULL with one sentence in |ret_error|, "FILE:LINE: what is wrong". */
struct sim_mesh *sim_mesh_load(const char *path, char *ret_error, size_t size);
void sim_mesh_free(struct sim_mesh *mesh);

unsigned sim_mesh_nodes(const struct sim_mesh *mesh);
const char *sim_mesh_name(const struct sim_mesh *mesh, unsigned node);

/* Links, places and the timetable into a world that has as many nodes. A mesh that says of no node
 * where it stands is laid out in rings around the root. |mesh| stays in use until the run ends. */
void sim_mesh_build(const struct sim_mesh *mesh, struct sim *sim);

#endif /* SIM_MESH_H */
