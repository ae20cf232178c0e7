/* SPDX-License-Identifier: MIT */
/* Sends by libcurl: one handle, which keeps its connection between messages. */
#include "client.h"

#include <curl/curl.h>
#include <stdlib.h>

static size_t give(char *buf, size_t size, size_t count, void *ctx)
{
    return client_pull(ctx, buf, size * count);
}

int main(int argc, char **argv)
{
    struct curl_slist *recipients = NULL;
    struct job job;
    char url[512];
    unsigned sent = 0;
    CURL *curl;
    int rc;

    client_init(&job, argc, argv);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    snprintf(url, sizeof url, "smtp://%s:%u/client.example.org", job.host, job.port);
    for (unsigned i = 0; i < job.recipients; i++)
        recipients = curl_slist_append(recipients, client_recipient(i));
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, CLIENT_SENDER);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_READDATA, &job);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)job.len);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (job.ca) {
        curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
        curl_easy_setopt(curl, CURLOPT_CAINFO, job.ca);
    }
    client_begin(&job);
    for (unsigned i = 0; i < job.count; i++) {
        CURLcode code;

        client_rewind(&job);
        code = curl_easy_perform(curl);
        if (code != CURLE_OK)
            fprintf(stderr, "libcurl: %s\n", curl_easy_strerror(code));
        else
            sent++;
    }
    rc = client_end(&job, sent);
    curl_easy_cleanup(curl);
    curl_slist_free_all(recipients);
    curl_global_cleanup();
    return rc;
}
