/* SPDX-License-Identifier: ISC */
#include "bridge/secure.h"

#include "bridge/log.h"

bool brg_secure_has_key(void *ctx, const char *eui64)
{
    return brg_keys_find(ctx, eui64) != NULL;
}

void brg_secure_opened(void *ctx, const char *eui64, bool resumed)
{
    (void)ctx;
    brg_log_debug("dtls: session with a node node=%s resumed=%s", eui64, resumed ? "yes" : "no");
}

void brg_secure_failed(void *ctx, const char *eui64, const char *reason)
{
    (void)ctx;
    brg_log_warning("dtls: no session with a node node=%s reason=\"%s\"", eui64, reason);
}

bool brg_secure_open(const struct bconf *conf, const struct brg_dtls_handler *handler,
                     struct brg_keys *ret_keys, struct brg_dtls **ret_dtls)
{
    const struct brg_dtls_config config = {
        .keys = ret_keys,
        .ca = conf->dtls_ca,
        .certificate = conf->dtls_certificate,
        .key = conf->dtls_key,
        .max_sessions = (size_t)conf->dtls_sessions,
    };
    char error[128];

    *ret_dtls = NULL;
    if (conf->dtls_keys[0] == '\0') {
        return true;
    }
    if (brg_keys_load(conf->dtls_keys, ret_keys, stderr) > 0) {
        return false;
    }
    *ret_dtls = brg_dtls_new(&config, handler, error);
    if (*ret_dtls == NULL) {
        brg_log_error("dtls: cannot be set up error=\"%s\" mend=\"look at bridge.dtls_ca, "
                      "dtls_certificate and dtls_key\"",
                      error);
    } else {
        brg_log_info("dtls: %zu nodes have a key or a certificate", ret_keys->n);
    }
    return *ret_dtls != NULL;
}
