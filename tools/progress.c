/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_MS    100
#define BAR_LEAST    8
#define BAR_MOST     40
#define COLUMNS_ELSE 80
#define MEGA         1e6

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t columns_of_terminal(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return COLUMNS_ELSE;
    return size.ws_col;
}

void progress_begin(struct progress *progress, int64_t total, int wanted)
{
    const char *terminal = getenv("TERM");

    *progress = (struct progress){.total = total};
    progress->enabled = wanted && (total < 0 || total > PROGRESS_LEAST) && isatty(STDERR_FILENO) && terminal &&
                        strcmp(terminal, "dumb") != 0;
}

static void format_bar(char *line, size_t cap, size_t width, unsigned percent)
{
    size_t filled = width * percent / 100;

    if (cap < width + 3)
        return;
    *line++ = '[';
    memset(line, '=', filled);
    memset(line + filled, ' ', width - filled);
    if (filled < width)
        line[filled] = '>';
    line[width] = ']';
    line[width + 1] = '\0';
}

void progress_format(char *line, size_t cap, size_t columns, uint64_t done, int64_t total, int64_t milliseconds)
{
    char left[64], right[64] = "", bar[BAR_MOST + 3] = "", speed[32] = "";
    /* The last column stays free: some terminals wrap after it. */
    size_t room = columns < cap ? columns : cap;

    if (milliseconds >= 1000)
        snprintf(speed, sizeof speed, " %.1f MB/s", (double)done / MEGA / ((double)milliseconds / 1000));
    if (total > 0) {
        unsigned percent = done >= (uint64_t)total ? 100 : (unsigned)((double)done * 100 / (double)total);
        size_t taken, width;

        snprintf(left, sizeof left, "%.1f of %.1f MB ", (double)done / MEGA, (double)total / MEGA);
        snprintf(right, sizeof right, " %3u %%%s", percent, speed);
        taken = strlen(left) + strlen(right) + 2;
        width = columns > taken ? columns - taken : 0;
        if (width >= BAR_LEAST)
            format_bar(bar, sizeof bar, width < BAR_MOST ? width : BAR_MOST, percent);
    } else {
        snprintf(left, sizeof left, "%.1f MB%s", (double)done / MEGA, speed);
    }
    snprintf(line, room ? room : 1, "%s%s%s", left, bar, right);
}

void progress_update(struct progress *progress, uint64_t done)
{
    int64_t now = progress->enabled ? now_ms() : 0;
    char line[256];

    /* The time begins with the first octets: typing a password before them does not count. */
    if (!progress->began)
        progress->began = now;
    if (!progress->enabled || done < PROGRESS_LEAST / 16 || now - progress->drawn < PERIOD_MS)
        return;
    progress_format(line, sizeof line, columns_of_terminal(), done, progress->total, now - progress->began);
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    progress->drawn = now;
    progress->shown = 1;
}

void progress_end(struct progress *progress)
{
    if (progress->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    progress->shown = 0;
    progress->enabled = 0;
}
