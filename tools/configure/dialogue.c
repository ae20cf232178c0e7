/* SPDX-License-Identifier: MIT */
#include "configure/dialogue.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

int dialogue_is_possible(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

int dialogue_ask(const char *question, char *answer, size_t size)
{
    size_t len;

    fputs(question, stdout);
    fflush(stdout);
    if (!fgets(answer, (int)size, stdin))
        return -1;
    len = strcspn(answer, "\r\n");
    if (!answer[len]) {
        /* The rest of the line answers no other question. */
        for (int c = 0; c != EOF && c != '\n';)
            c = getchar();
        return -1;
    }
    answer[len] = '\0';
    return 0;
}

int dialogue_agrees(const char *question)
{
    char answer[32];

    return !dialogue_ask(question, answer, sizeof answer) && (!strcasecmp(answer, "y") || !strcasecmp(answer, "yes"));
}
