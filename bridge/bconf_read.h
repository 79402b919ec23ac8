/* SPDX-License-Identifier: ISC */
/*
 * Reading one value of the configuration: its type and bounds, where it goes, and what is said of
 * one that is wrong. For bconf.c and bconf_lists.c.
 */
#ifndef BRIDGE_BCONF_READ_H
#define BRIDGE_BCONF_READ_H

#include <libconfig.h>

#include "bridge/bconf.h"

struct bconf_reader {
    FILE *errors;
    const char *file;
    int n_errors;
    struct bconf *conf;
};

enum bconf_type { BCONF_TYPE_NUMBER, BCONF_TYPE_TEXT, BCONF_TYPE_CHOICE, BCONF_TYPE_BOOL };

/* A setting that is one value. |size| is the room of a text; of a choice, |words| are the values
 * by their number. */
struct bconf_setting {
    const char *name;
    enum bconf_type type;
    size_t offset;
    long min;
    long max;
    size_t size;
    const char *const *words;
};

extern const char *const bconf_output_words[];

/* FILE:LINE: bridge.SETTING = VALUE: what is wrong; allowed is ... */
__attribute__((format(printf, 4, 5))) void bconf_complain(struct bconf_reader *reader,
                                                          const config_setting_t *setting,
                                                          const char *path, const char *format,
                                                          ...);

/* One value, into the room that |setting| has in |base|; what is wrong is complained of. */
void bconf_read_text(struct bconf_reader *reader, const struct bconf_setting *setting, void *base,
                     const config_setting_t *from, const char *path);
void bconf_read_setting(struct bconf_reader *reader, const struct bconf_setting *setting,
                        void *base, const config_setting_t *from, const char *path);

/* NULL: none of that name. */
const struct bconf_setting *bconf_setting_find(const struct bconf_setting *list, size_t n,
                                               const char *name);

/* Complains of a setting that is none of |list| nor of |more|. */
void bconf_unknown(struct bconf_reader *reader, const struct bconf_setting *list, size_t n,
                   const config_setting_t *from, const char *path, const char *more);

bool bconf_is_list(const config_setting_t *from);

/* --- bconf_lists.c -------------------------------------------------------------------------- */

void bconf_read_names(struct bconf_reader *reader, const config_setting_t *from);
void bconf_read_rules(struct bconf_reader *reader, const config_setting_t *from);
void bconf_read_nodes(struct bconf_reader *reader, const config_setting_t *from);

/* A list of patterns, its number in |ret_n|. */
void bconf_read_patterns(struct bconf_reader *reader, const config_setting_t *from,
                         const char *path, char patterns[][BCONF_PATTERN_MAX], const char **list,
                         size_t *ret_n);

#endif
