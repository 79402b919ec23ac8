/* SPDX-License-Identifier: ISC */
#include "bridge/dtls_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEYS_MAX 100000
#define WORDS_MAX 5
#define LINE_LEN 512

static int key_cmp(const void *a, const void *b)
{
    return strcmp(((const struct brg_key *)a)->eui64, ((const struct brg_key *)b)->eui64);
}

static bool psk_read(const char *text, struct brg_key *key)
{
    size_t len = strlen(text);

    if (len == 0 || len % 2 != 0 || len / 2 > sizeof(key->psk) ||
        strspn(text, "0123456789abcdefABCDEF") != len) {
        return false;
    }
    key->psk_len = len / 2;
    for (size_t i = 0; i < key->psk_len; i++) {
        const char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

        key->psk[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

static size_t split(char *text, char *words[WORDS_MAX])
{
    size_t n = 0;
    char *save = NULL;
    char *word;

    text[strcspn(text, "#\r\n")] = '\0';
    for (word = strtok_r(text, " \t", &save); word != NULL && n < WORDS_MAX;
         word = strtok_r(NULL, " \t", &save)) {
        words[n++] = word;
    }
    return n;
}

int brg_key_line(const char *line, struct brg_key *ret_key)
{
    char text[LINE_LEN];
    char *words[WORDS_MAX];
    size_t n;

    memset(ret_key, 0, sizeof(*ret_key));
    if (strlen(line) >= sizeof(text)) {
        return -BRG_ERR_FORMAT;
    }
    memcpy(text, line, strlen(line) + 1);
    n = split(text, words);
    if (n == 0) {
        return 0;
    }
    if (n < 2 || brg_eui64_parse(words[0], ret_key->eui64) < 0) {
        return -BRG_ERR_FORMAT;
    }
    if (strcmp(words[1], "certificate") == 0 && n == 2) {
        ret_key->certificate = true;
        return 1;
    }
    if (strcmp(words[1], "psk") != 0 || n < 3 || n > 4 || !psk_read(words[2], ret_key) ||
        (n == 4 && strlen(words[3]) >= sizeof(ret_key->identity))) {
        return -BRG_ERR_FORMAT;
    }
    (void)snprintf(ret_key->identity, sizeof(ret_key->identity), "%s",
                   n == 4 ? words[3] : ret_key->eui64);
    return 1;
}

static bool keys_add(struct brg_keys *keys, const struct brg_key *key)
{
    /* Grows at each power of two. */
    if ((keys->n & (keys->n - 1)) == 0) {
        size_t room = keys->n == 0 ? 1 : 2 * keys->n;
        struct brg_key *list =
            keys->n >= KEYS_MAX ? NULL : realloc(keys->list, room * sizeof(*list));

        if (list == NULL) {
            return false;
        }
        keys->list = list;
    }
    keys->list[keys->n++] = *key;
    return true;
}

static int keys_read(FILE *in, const char *file, struct brg_keys *keys, FILE *errors)
{
    char line[LINE_LEN];
    int n_errors = 0;

    for (unsigned number = 1; fgets(line, sizeof(line), in) != NULL; number++) {
        struct brg_key key;
        int found = brg_key_line(line, &key);

        if (found < 0 || (found > 0 && !keys_add(keys, &key))) {
            (void)fprintf(errors,
                          "%s:%u: allowed is EUI64 psk HEX [IDENTITY], of at most %d "
                          "octets, or EUI64 certificate\n",
                          file, number, BRG_PSK_MAX);
            n_errors++;
        }
    }
    if (keys->n > 1) {
        qsort(keys->list, keys->n, sizeof(*keys->list), key_cmp);
    }
    for (size_t i = 1; i < keys->n; i++) {
        if (key_cmp(&keys->list[i - 1], &keys->list[i]) == 0) {
            (void)fprintf(errors, "%s: %s is there twice\n", file, keys->list[i].eui64);
            n_errors++;
        }
    }
    return n_errors;
}

int brg_keys_load(const char *file, struct brg_keys *ret_keys, FILE *errors)
{
    struct stat st;
    FILE *in = fopen(file, "re");
    int n;

    *ret_keys = (struct brg_keys){.n = 0};
    if (in == NULL) {
        (void)fprintf(errors, "%s: %s\n", file, strerror(errno));
        return 1;
    }
    if (fstat(fileno(in), &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) != 0) {
        (void)fprintf(errors, "%s: not a file that its owner alone can read: chmod 600 %s\n", file,
                      file);
        (void)fclose(in);
        return 1;
    }
    n = keys_read(in, file, ret_keys, errors);
    (void)fclose(in);
    return n;
}

void brg_keys_free(struct brg_keys *keys)
{
    if (keys->list != NULL) {
        explicit_bzero(keys->list, keys->n * sizeof(*keys->list));
    }
    free(keys->list);
    *keys = (struct brg_keys){.n = 0};
}

const struct brg_key *brg_keys_find(const struct brg_keys *keys, const char *eui64)
{
    struct brg_key key;

    if (keys->n == 0) {
        return NULL;
    }
    (void)snprintf(key.eui64, sizeof(key.eui64), "%s", eui64);
    return bsearch(&key, keys->list, keys->n, sizeof(key), key_cmp);
}

const struct brg_key *brg_keys_identity(const struct brg_keys *keys, const char *identity)
{
    for (size_t i = 0; i < keys->n; i++) {
        if (!keys->list[i].certificate && strcmp(keys->list[i].identity, identity) == 0) {
            return &keys->list[i];
        }
    }
    return NULL;
}
