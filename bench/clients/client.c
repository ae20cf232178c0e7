/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <getopt.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define PAGE 4096

static size_t pulled; /* of the memory */
static char (*recipients)[64];

static void usage(const char *name)
{
    fprintf(
        stderr,
        "usage: %s --port PORT --file FILE [--host HOST] [--count N] [--recipients N] [--tls CA-FILE|system] [--mode "
        "MODE]\n"
        "       [--source memory|file|callback] [--plugins BUILD-DIRECTORY] [--backend openssl|gnutls] [--canonical]\n"
        "       [--data] [--batch N]\n",
        name);
    exit(64);
}

/* Read into place by the kernel, and then looked at by the program, as a program has touched the mail that it composed:
 * on a virtual machine the first touch of a page costs microseconds, for the kernel and for the program apart, and with
 * them the time of a message of 50 MiB would be that of its pages. */
static bool fill(struct job *job)
{
    volatile char *look;

    if (!(job->content = malloc(job->len + 1)) || fread(job->content, 1, job->len, job->stream) != job->len)
        return false;
    job->content[job->len] = '\0';
    look = job->content;
    for (size_t i = 0; i < job->len; i += PAGE)
        (void)look[i];
    return true;
}

static void load(struct job *job)
{
    struct stat st;

    if (!(job->stream = fopen(job->file, "rb")) || fstat(fileno(job->stream), &st)) {
        perror(job->file);
        exit(1);
    }
    job->len = (size_t)st.st_size;
    if (strcmp(job->source, "memory") == 0 && !fill(job)) {
        perror(job->file);
        exit(1);
    }
}

/* Made beforehand: snprintf() costs more than some of what is measured. */
static void name_recipients(unsigned count)
{
    if (!(recipients = calloc(count + 1, sizeof *recipients)))
        exit(1);
    for (unsigned i = 0; i < count; i++)
        snprintf(recipients[i], sizeof recipients[i], "recipient%u@example.net", i);
}

void client_init(struct job *job, int argc, char **argv)
{
    enum { PORT, FILE_, HOST, COUNT, RECIPIENTS, TLS, MODE, SOURCE, PLUGINS, BACKEND, CANONICAL, DATA, BATCH, OPTIONS };
    static const struct option options[] = {
        {"port", required_argument, NULL, PORT},       {"file", required_argument, NULL, FILE_},
        {"host", required_argument, NULL, HOST},       {"count", required_argument, NULL, COUNT},
        {"tls", required_argument, NULL, TLS},         {"recipients", required_argument, NULL, RECIPIENTS},
        {"mode", required_argument, NULL, MODE},       {"source", required_argument, NULL, SOURCE},
        {"plugins", required_argument, NULL, PLUGINS}, {"backend", required_argument, NULL, BACKEND},
        {"canonical", no_argument, NULL, CANONICAL},   {"data", no_argument, NULL, DATA},
        {"batch", required_argument, NULL, BATCH},     {0},
    };
    const char *values[OPTIONS] = {[HOST] = "127.0.0.1", [COUNT] = "1",         [RECIPIENTS] = "1", [MODE] = "",
                                   [SOURCE] = "memory",  [BACKEND] = "openssl", [BATCH] = "100"};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (option == '?')
            usage(argv[0]);
        values[option] = optarg ? optarg : "yes";
    }
    if (!values[PORT] || !values[FILE_] || optind < argc)
        usage(argv[0]);
    *job = (struct job){
        .host = values[HOST],
        .file = values[FILE_],
        .port = (unsigned)strtoul(values[PORT], NULL, 10),
        .count = (unsigned)strtoul(values[COUNT], NULL, 10),
        .recipients = (unsigned)strtoul(values[RECIPIENTS], NULL, 10),
        .ca = values[TLS],
        .mode = values[MODE],
        .source = values[SOURCE],
        .plugins = values[PLUGINS],
        .backend = values[BACKEND],
        .batch = (unsigned)strtoul(values[BATCH], NULL, 10),
        .canonical = values[CANONICAL] != NULL,
        .data = values[DATA] != NULL,
    };
    name_recipients(job->recipients);
    load(job);
}

const char *client_recipient(unsigned index)
{
    return recipients[index];
}

size_t client_pull(struct job *job, void *buf, size_t cap)
{
    size_t n = job->len - pulled;

    if (!job->content)
        return fread(buf, 1, cap, job->stream);
    n = n < cap ? n : cap;
    memcpy(buf, job->content + pulled, n);
    pulled += n;
    return n;
}

void client_rewind(struct job *job)
{
    pulled = 0;
    if (!job->content)
        rewind(job->stream);
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void used(double *user, double *system)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    *user = seconds(usage.ru_utime);
    *system = seconds(usage.ru_stime);
}

/* Not ru_maxrss, which begins with what the parent had before the exec. */
static long peak_kib(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long peak = -1;

    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = strtol(line + 6, NULL, 10);
    if (status)
        fclose(status);
    return peak;
}

void client_begin(struct job *job)
{
    used(&job->user, &job->system);
    clock_gettime(CLOCK_MONOTONIC, &job->began);
}

int client_end(struct job *job, unsigned sent)
{
    struct mallinfo2 heap = mallinfo2();
    struct timespec now;
    double user, system;

    clock_gettime(CLOCK_MONOTONIC, &now);
    used(&user, &system);
    printf("{\"sent\": %u, \"seconds\": %.6f, \"user\": %.6f, \"system\": %.6f, \"peak_kib\": %ld, \"heap\": %zu}\n",
           sent, (double)(now.tv_sec - job->began.tv_sec) + (double)(now.tv_nsec - job->began.tv_nsec) / 1e9,
           user - job->user, system - job->system, peak_kib(), heap.uordblks + heap.hblkhd);
    return sent == job->count ? 0 : 1;
}
