/* SPDX-License-Identifier: MIT */
#include "content.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool model_map(struct model *model, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *at = MAP_FAILED;

    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && st.st_size > 0)
        at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        return false;
    model->file = at;
    model->len = (size_t)st.st_size;
    return true;
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

bool model_set_digest(struct model *model, const char *hex)
{
    if (strlen(hex) != CONTENT_DIGEST * 2)
        return false;
    for (size_t i = 0; i < CONTENT_DIGEST; i++) {
        int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        model->digest[i] = (uint8_t)(high << 4 | low);
    }
    return model->has_digest = true;
}

void content_begin(struct content *content, struct model *model)
{
    content->model = model;
    content->at = 0;
    content->differs = false;
    if (model->file)
        return;
    if (!content->sum)
        content->sum = EVP_MD_CTX_new();
    EVP_DigestInit_ex(content->sum, EVP_sha256(), NULL);
}

void content_take(struct content *content, const uint8_t *data, size_t len)
{
    const struct model *model = content->model;

    if (!model->file)
        EVP_DigestUpdate(content->sum, data, len);
    else if (len > model->len - content->at || memcmp(model->file + content->at, data, len) != 0)
        content->differs = true;
    content->at += content->differs ? 0 : len;
}

bool content_end(struct content *content)
{
    struct model *model = content->model;
    uint8_t digest[CONTENT_DIGEST];

    if (model->file)
        return !content->differs && content->at == model->len;
    EVP_DigestFinal_ex(content->sum, digest, NULL);
    if (!model->has_digest) {
        memcpy(model->digest, digest, sizeof digest);
        model->has_digest = true;
    }
    return memcmp(digest, model->digest, sizeof digest) == 0;
}

void content_free(struct content *content)
{
    EVP_MD_CTX_free(content->sum);
    content->sum = NULL;
}
