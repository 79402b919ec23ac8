/* SPDX-License-Identifier: ISC */
/* What the files of conf/ share beside the table. */
#ifndef CONF_INTERNAL_H
#define CONF_INTERNAL_H

#include <libconfig.h>

#include "conf/conf.h"
#include "conf/table.h"

#define CONF_PATH_TEXT_MAX 320 /* a formatted path of a setting, or what is allowed */

/* ---- errors.c ---------------------------------------------------------------------- */

/* Add one; |setting| and |value| may be NULL. What does not fit is cut or counted as lost. */
__attribute__((format(printf, 6, 7))) void conf_error_add(struct conf_errors *errors,
                                                          const char *file, uint32_t line,
                                                          const char *setting, const char *value,
                                                          const char *format, ...);
/* Make a warning of the error that was added last. */
void conf_error_warn_last(struct conf_errors *errors);
/* True if there is an error about |setting| already. */
bool conf_error_at_setting(const struct conf_errors *errors, const char *setting);
/* Errors of one file together and by line; files in the order in which they first appear. */
void conf_errors_sort(struct conf_errors *errors);

#define CONF_SOURCE_ALLOWED "a readable text file of at most 1 MiB"

/* ---- source.c: the text before libconfig sees it ------------------------------------ */

/*
 * Read a regular file of at most CONF_FILE_MAX octets without NUL into a string that the
 * caller frees. Returns 0 or a negative errno; *ret_wrong then says it in words.
 */
int conf_source_read(const char *file, char **ret_text, const char **ret_wrong);

/* The name of an included file as seen from the folder |dir|. */
void conf_source_include_path(const char *dir, const char *name, char *out, size_t size);

/* The same of a name as libconfig reports it: since 1.7 with the folder before it. */
void conf_source_reported_path(const char *dir, const char *name, char *out, size_t size);

#define CONF_SCAN_INCLUDE 0x1u /* an include cannot be had */
#define CONF_SCAN_STRING 0x2u  /* a string never ends */

/*
 * Find what libconfig would take silently, die of, or name badly: numbers that do not fit,
 * includes that are no readable files (followed into depth), a string without an end. |dir|
 * NULL refuses every include. Errors are added; returns which of the above stood there.
 */
unsigned conf_source_scan(const char *text, const char *file, const char *dir,
                          struct conf_errors *errors);

/* A copy in which every include is a comment, to be freed; NULL without memory. */
char *conf_source_without_includes(const char *text);

/* Copy line |line| of |text| without surrounding blanks. */
void conf_source_line(const char *text, uint32_t line, char *out, size_t size);

/* ---- suggest.c --------------------------------------------------------------------- */

/* What to say about the unknown |name| in |group|. */
void conf_suggest(enum conf_group group, const char *name, char *out, size_t size);

/* ---- old names (old.c) -------------------------------------------------------------- */

/* A setting that an earlier version had under another name, in the same group. It is still read,
 * with a warning; a name stays here for two releases. */
struct conf_old {
    enum conf_group group;
    const char *name, *now;
};

/* None yet; a test puts its own here. */
extern const struct conf_old *conf_old_names;
extern size_t conf_old_count;

/* The setting that |name| is today; NULL if it is no old name. */
const struct conf_setting *conf_old_find(enum conf_group group, const char *name);

/* ---- the reader -------------------------------------------------------------------- */

struct conf_reader {
    struct conf *conf;
    struct conf_errors *errors;
    const char *file;    /* name of the outermost file */
    const char *dir;     /* its folder; NULL: text in memory */
    bool partial;        /* the file did not parse: judge only what stands there */
    unsigned role_flags; /* CONF_ROOT_ONLY or CONF_NOT_ROOT: what this instance may not set */
    const char *role;
};

/* read.c: the tree into conf, with all checks. */
void conf_read_tree(struct conf_reader *reader, const config_setting_t *root);

/* assign.c: one value; returns false after an error was added. |path| names the setting. */
bool conf_assign(struct conf_reader *reader, const struct conf_setting *setting, void *base,
                 const config_setting_t *from, const char *path);

/* check.c: what no setting can know alone; check_radio.c: the same of radios. */
void conf_check(struct conf_reader *reader, const config_setting_t *root);
void conf_check_radios(struct conf_reader *reader, const config_setting_t *root);

/* Where |setting| stands. */
void conf_reader_where(const struct conf_reader *reader, const config_setting_t *setting, char *out,
                       size_t size);
/* Add an error about |setting| as found. */
__attribute__((format(printf, 4, 5))) void conf_reader_error(struct conf_reader *reader,
                                                             const config_setting_t *setting,
                                                             const char *path, const char *format,
                                                             ...);
/* A value as found, for an error: strings in quotes, groups and lists by their kind. */
void conf_value_describe(const config_setting_t *setting, char *out, size_t size);
/* "a string", "a number", ... */
const char *conf_type_name(const config_setting_t *setting);

#endif /* CONF_INTERNAL_H */
