/* SPDX-License-Identifier: ISC */
/* The request line of the control socket: `[text|json|metrics] COMMAND [ARG...]`. */
#ifndef RPLD_CTL_REQUEST_H
#define RPLD_CTL_REQUEST_H

#include <stddef.h>

#include "rpld/writer.h"

#define CTL_REQUEST_MAX 512 /* octets, without the line feed */
#define CTL_ARGS_MAX 4

struct ctl_request {
    enum writer_form form; /* text if the line names none */
    unsigned argc;         /* of |argv|, without the command */
    const char *command;
    const char *argv[CTL_ARGS_MAX];
    char line[CTL_REQUEST_MAX + 1]; /* holds the words; the struct must not be copied */
};

/*
 * Take |len| octets of |line| (no line feed) apart. Only printable ASCII is a request; words
 * are parted by spaces. Returns NULL, or what is wrong with it, fit for the error reply.
 */
const char *ctl_request_parse(struct ctl_request *request, const char *line, size_t len);

#endif /* RPLD_CTL_REQUEST_H */
