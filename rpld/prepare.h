/* SPDX-License-Identifier: ISC */
/*
 * `rpld --prepare`: what has to be done as root, outside the sandbox of the service, before the
 * daemon runs and again when a radio is plugged in: kernel modules, the 6LoWPAN interfaces of the
 * radios that are there, and sysctls. What is right already is left alone, so that it can run any
 * time; nothing is undone.
 */
#ifndef RPLD_PREPARE_H
#define RPLD_PREPARE_H

#include "conf/conf.h"

/* Says on stdout what it did and on stderr what it could not do. Returns the exit status: 0, or
 * 1 if something is not as it has to be. */
int prepare_run(const struct conf *conf);

#endif /* RPLD_PREPARE_H */
