/* SPDX-License-Identifier: ISC */
/* `doctor`: what its files share. show_doctor.c looks at the daemon, doctor_host.c at the machine.
 */
#ifndef RPLD_DOCTOR_H
#define RPLD_DOCTOR_H

#include "rpld/show.h"

/* One finding; |mend| is shown only if it is not |ok|. */
void doctor_check(struct show *show, const char *name, bool ok, const char *mend,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The value of net.ipv6.conf.NAME.KEY in our network namespace; -1 if it cannot be read. */
long doctor_sysctl(const char *name, const char *key);

/* Flags of an interface that is up, where one is not as it has to be. */
void doctor_flags(struct show *show, const struct ctl_interface *interface);
/* Kernel modules, options, the firewall, the clock, other routers that announce our prefix. */
void doctor_host(struct show *show);
/* Settings of an instance that stand against each other, or against its radio. */
void doctor_settings(struct show *show, const struct rpl_view_instance *view);

/* The kernel's routes into our mesh, some at a time; true if there are more. */
bool doctor_routes(struct show *show);

#endif /* RPLD_DOCTOR_H */
