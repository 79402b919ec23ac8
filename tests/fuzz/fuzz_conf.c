/* SPDX-License-Identifier: ISC */
/*
 * Any text as a configuration: it is refused with errors and nothing is touched, or it is
 * something that the engine runs and that prints to a file which reads back to itself.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

#define TEXT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the token at which it gives up on a syntax error. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

static struct conf conf, again;
static struct conf_errors errors;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void *mem_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void mem_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static void check_refused(void)
{
    static struct conf untouched;
    char line[1024];

    require(memcmp(&conf, &untouched, sizeof(conf)) == 0);
    require(errors.count > 0 && errors.count <= CONF_ERRORS_MAX);
    for (uint32_t i = 0; i < errors.count; i++) {
        require(errors.error[i].text[0] != '\0');
        conf_error_format(&errors.error[i], line, sizeof(line));
        for (const char *p = line; *p != '\0'; p++)
            require((unsigned char)*p >= 0x20 && *p != 0x7f);
    }
}

static void check_accepted(void)
{
    static struct rpl_config engine;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    require(out != NULL);
    conf_print(&conf, out);
    (void)fclose(out);
    memset(&again, 0, sizeof(again));
    require(conf_load_string(text, "again", &again, &errors) == 0);
    require(memcmp(&conf, &again, sizeof(conf)) == 0);
    free(text);

    for (uint32_t i = 0; i < conf.instance_count; i++)
        if (conf.instance[i].prefix_auto)
            conf.instance[i].rpl.prefix.b[0] = 0xfd;
    rpl_config_default(&engine);
    engine.mem.alloc = mem_alloc;
    engine.mem.free = mem_free;
    conf_engine_config(&conf, &engine);
    require(rpl_config_check(&engine) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = NULL;

    if (size > TEXT_MAX)
        return 0;
    text = malloc(size + 1);
    require(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    memset(&conf, 0, sizeof(conf));
    if (conf_load_string(text, "fuzz", &conf, &errors) == 0)
        check_accepted();
    else
        check_refused();
    free(text);
    return 0;
}
