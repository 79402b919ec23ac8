/* SPDX-License-Identifier: ISC */
/* DTLS as the configuration wants it: the keys, our certificate, what the log says. */
#ifndef BRIDGE_SECURE_H
#define BRIDGE_SECURE_H

#include "bridge/bconf.h"
#include "bridge/dtls.h"

/* Reads the keys and sets DTLS up; without dtls_keys there is none. False, and the log or standard
 * error says why. |*ret_keys| must outlive |*ret_dtls|. */
bool brg_secure_open(const struct bconf *conf, const struct brg_dtls_handler *handler,
                     struct brg_keys *ret_keys, struct brg_dtls **ret_dtls);

/* struct brg_core_config's is_secure; |ctx| are the keys. */
bool brg_secure_has_key(void *ctx, const char *eui64);

/* struct brg_dtls_handler's failed. */
void brg_secure_opened(void *ctx, const char *eui64, bool resumed);
void brg_secure_failed(void *ctx, const char *eui64, const char *reason);

#endif
