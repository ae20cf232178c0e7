/* SPDX-License-Identifier: MIT */
/* envoi-plugin-check: holds a plugin against plugin.h. */
#include "descriptor.h"
#include "runner.h"

#include <envoi/plugin.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 64, EXIT_NO_INPUT = 66, EXIT_SOFTWARE = 70 };

static const char usage[] =
    "usage: envoi-plugin-check [options] MODULE.so | ID.plugin\n"
    "\n"
    "Holds a plugin against <envoi/plugin.h>, and prints a line for each check.\n"
    "\n"
    "  --list               lists the checks that concern this plugin, and runs none\n"
    "  --filter PATTERN     only those whose name fits, such as 'octets/*' (may be repeated)\n"
    "  --jobs N, -j N       runs N at a time (1)\n"
    "  --deadline SECONDS   for each check, instead of its own: a slow machine, valgrind\n"
    "  --tap                writes TAP instead of text\n"
    "  --quiet              leaves out what passed\n"
    "  --max-tls 1.2        the library has no TLS 1.3\n"
    "  --no THING           the library has it not (may be repeated): tickets, exporter,\n"
    "                       end-point, unique, bindings, client-cert, memory, sni, ed25519,\n"
    "                       encrypted-keys, verify-chain, verify-pin, system-ca, read-all,\n"
    "                       key-updates, exporter-1.2,\n"
    "                       sans-io (its library blocks, so calls that do are not caught)\n"
    "  --ciphers LANGUAGE   cipher strings are those of openssl or gnutls\n"
    "  --wording            compares texts with those of envoi's own plugins\n"
    "  --policy             the environment has a policy of the system that allows TLS 1.3 alone\n"
    "  --other MODULE       another transport, whose tickets are foreign to this one\n"
    "  --kdc SCRIPT         starts a KDC for Kerberos: SCRIPT start|stop DIR\n"
    "  --pki DIR            keeps the certificates of the checks in DIR\n"
    "  --module-dir DIR     where the module of a descriptor lies\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 nothing failed, 1 something failed, 64 wrong arguments, 66 there is no\n"
    "such file, 70 the checks cannot be run.\n";

/* Words of --no, and the caps that tell it too. */
static const struct {
    const char *word;
    uint32_t need, cap;
} things[] = {
    {"tickets", CHECK_TICKETS, ENVOI_CAP_RESUME},
    {"exporter", CHECK_EXPORTER, ENVOI_CAP_EXPORTER},
    {"end-point", CHECK_END_POINT, ENVOI_CAP_END_POINT},
    {"unique", CHECK_UNIQUE, ENVOI_CAP_UNIQUE},
    {"bindings", CHECK_EXPORTER | CHECK_END_POINT | CHECK_UNIQUE, 0},
    {"client-cert", CHECK_CLIENT_CERT, ENVOI_CAP_CLIENT_CERT},
    {"memory", CHECK_MEMORY, ENVOI_CAP_MEMORY},
    {"sni", CHECK_SNI, ENVOI_CAP_SNI},
    {"verify-chain", CHECK_CHAIN, ENVOI_CAP_CHAIN},
    {"verify-pin", CHECK_PIN, ENVOI_CAP_PIN},
    {"system-ca", CHECK_SYSTEM_CA, ENVOI_CAP_SYSTEM_CA},
    {"read-all", CHECK_READ_ALL, ENVOI_CAP_READ_ALL},
    {"ed25519", CHECK_ED25519, 0},
    {"encrypted-keys", CHECK_ENCRYPTED, 0},
    {"key-updates", CHECK_KEY_UPDATE, 0},
    {"exporter-1.2", CHECK_EXPORTER12, 0},
    {"sans-io", CHECK_SANS_IO, 0},
};
#define THINGS (sizeof things / sizeof *things)

static char module_path[PATH_MAX], other_path[PATH_MAX], pki_path[PATH_MAX];
static char temporary[] = "/tmp/envoi-plugin-check-XXXXXX";
static bool keeps_pki;
static pid_t owner; /* the processes of the checks have this handler too */

__attribute__((noreturn, format(printf, 2, 3))) static void give_up(int status, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fputs("envoi-plugin-check: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(status);
}

static void option_no(const char *word)
{
    for (size_t i = 0; i < THINGS; i++)
        if (strcmp(things[i].word, word) == 0) {
            check_options.lacks |= things[i].need;
            return;
        }
    give_up(EXIT_USAGE, "--no %s: there is no such thing; --help lists them", word);
}

static void option_ciphers(const char *word)
{
    if (strcmp(word, "openssl") == 0)
        check_options.ciphers = CHECK_OPENSSL;
    else if (strcmp(word, "gnutls") == 0)
        check_options.ciphers = CHECK_GNUTLS;
    else
        give_up(EXIT_USAGE, "--ciphers %s: neither openssl nor gnutls", word);
}

static unsigned option_number(const char *option, const char *word, unsigned most)
{
    char *end;
    unsigned long n = strtoul(word, &end, 10);

    if (*end || n < 1 || n > most)
        give_up(EXIT_USAGE, "--%s %s: a number from 1 to %u is needed", option, word, most);
    return (unsigned)n;
}

static const char *resolve(const char *path, char *out)
{
    if (!realpath(path, out))
        give_up(EXIT_NO_INPUT, "%s: %s", path, strerror(errno));
    return out;
}

enum {
    LIST = 256,
    FILTER,
    DEADLINE,
    TAP,
    QUIET,
    MAX_TLS,
    NO,
    CIPHERS,
    WORDING,
    POLICY,
    OTHER,
    KDC,
    PKI_AT,
    MODULE_DIR,
    HELP,
    VERSION
};

static const struct option options[] = {
    {"list", no_argument, NULL, LIST},
    {"filter", required_argument, NULL, FILTER},
    {"jobs", required_argument, NULL, 'j'},
    {"deadline", required_argument, NULL, DEADLINE},
    {"tap", no_argument, NULL, TAP},
    {"quiet", no_argument, NULL, QUIET},
    {"max-tls", required_argument, NULL, MAX_TLS},
    {"no", required_argument, NULL, NO},
    {"ciphers", required_argument, NULL, CIPHERS},
    {"wording", no_argument, NULL, WORDING},
    {"policy", no_argument, NULL, POLICY},
    {"other", required_argument, NULL, OTHER},
    {"kdc", required_argument, NULL, KDC},
    {"pki", required_argument, NULL, PKI_AT},
    {"module-dir", required_argument, NULL, MODULE_DIR},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static void option_take(struct runner *runner, int option, const char **filters, const char **module_dir)
{
    switch (option) {
    case LIST:
        runner->list = true;
        break;
    case FILTER:
        filters[runner->filter_count++] = optarg;
        break;
    case 'j':
        runner->jobs = option_number("jobs", optarg, 64);
        break;
    case DEADLINE:
        runner->deadline = option_number("deadline", optarg, 86400);
        break;
    case TAP:
        runner->tap = true;
        break;
    case QUIET:
        runner->quiet = true;
        break;
    case MAX_TLS:
        if (strcmp(optarg, "1.2") != 0 && strcmp(optarg, "1.3") != 0)
            give_up(EXIT_USAGE, "--max-tls %s: neither 1.2 nor 1.3", optarg);
        check_options.max_tls = optarg[2] == '2' ? ENVOI_TLS_1_2 : ENVOI_TLS_1_3;
        break;
    case NO:
        option_no(optarg);
        break;
    case CIPHERS:
        option_ciphers(optarg);
        break;
    case WORDING:
        check_options.wording = true;
        break;
    case POLICY:
        check_options.lacks &= ~CHECK_POLICY;
        break;
    case OTHER:
        check_options.other = resolve(optarg, other_path);
        break;
    case KDC:
        check_options.kdc = optarg;
        break;
    case PKI_AT:
        check_options.pki = optarg;
        break;
    case MODULE_DIR:
        *module_dir = optarg;
        break;
    case HELP:
        fputs(usage, stdout);
        exit(0);
    case VERSION:
        printf("envoi-plugin-check %s, ABI %d.%d\n", ENVOI_VERSION_TEXT, ENVOI_ABI_MAJOR, ENVOI_ABI_MINOR);
        exit(0);
    default:
        give_up(EXIT_USAGE, "see --help");
    }
}

/* ---- certificates ---- */

static int run(const char *program, const char *argument)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        runner_unblock();
        execl("/bin/sh", "sh", program, argument, (char *)NULL);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static void remove_temporary(void)
{
    pid_t pid;

    if (keeps_pki || getpid() != owner)
        return;
    pid = fork();
    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", temporary, (char *)NULL);
        _exit(127);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

/* Makes the certificates, unless they are there. The last file that pki.sh writes tells. */
static void make_pki(void)
{
    char script[PATH_MAX], last[PATH_MAX + 32];
    char *end;
    ssize_t len = readlink("/proc/self/exe", script, sizeof script - sizeof CHECK_PKI_SCRIPT);

    /* The script lies in a fixed place beside the program. */
    if (len <= 0)
        give_up(EXIT_SOFTWARE, "/proc/self/exe: %s", strerror(errno));
    script[len] = '\0';
    end = strrchr(script, '/') + 1;
    memcpy(end, CHECK_PKI_SCRIPT, sizeof CHECK_PKI_SCRIPT);
    keeps_pki = check_options.pki != NULL;
    if (!keeps_pki && !(check_options.pki = mkdtemp(temporary)))
        give_up(EXIT_SOFTWARE, "%s: %s", temporary, strerror(errno));
    owner = getpid();
    atexit(remove_temporary);
    snprintf(last, sizeof last, "%s/good.der", check_options.pki);
    if (access(last, R_OK) != 0 && run(script, check_options.pki) != 0)
        give_up(EXIT_SOFTWARE, "the certificates of the checks cannot be made: %s failed. Is openssl installed?",
                script);
    check_options.pki = resolve(check_options.pki, pki_path);
}

/* ---- main ---- */

/* What caps and other plugins of the same library tell. */
static void learn(void)
{
    static const struct {
        const char *name;
        enum check_language language;
    } languages[] = {{"openssl", CHECK_OPENSSL}, {"gnutls", CHECK_GNUTLS}};

    for (size_t i = 0; i < THINGS; i++)
        if (things[i].cap && !(check_subject->caps & things[i].cap))
            check_options.lacks |= things[i].need;
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
        if (check_options.ciphers == CHECK_OTHER_LANGUAGE && strcmp(check_subject->transport, languages[i].name) == 0)
            check_options.ciphers = languages[i].language;
    if (check_options.ciphers == CHECK_OTHER_LANGUAGE)
        check_options.lacks |= CHECK_CIPHERS;
    if (!check_options.kdc)
        check_options.lacks |= CHECK_KDC;
    if (check_options.max_tls < ENVOI_TLS_1_3)
        check_options.lacks |= CHECK_TLS13;
}

int main(int argc, char **argv)
{
    struct runner runner = {.jobs = 1};
    const char **filters = calloc((size_t)argc, sizeof *filters);
    const char *module_dir = NULL;
    int option;

    if (!filters)
        return EXIT_SOFTWARE;
    runner.filters = filters;
    check_options.lacks = CHECK_POLICY;
    while ((option = getopt_long(argc, argv, "j:", options, NULL)) != -1)
        option_take(&runner, option, filters, &module_dir);
    if (optind + 1 != argc)
        give_up(EXIT_USAGE, "one module or descriptor is needed; see --help");
    if (descriptor_is(argv[optind])) {
        check_options.descriptor = argv[optind];
        check_options.module = resolve(descriptor_module(argv[optind], module_dir), module_path);
    } else {
        check_options.module = resolve(argv[optind], module_path);
    }
    if (!runner_ask(&runner))
        return EXIT_FAILED;
    learn();
    if (check_subject->transport[0] && !runner.list) {
        make_pki();
        if (chdir(check_options.pki) != 0)
            give_up(EXIT_SOFTWARE, "%s: %s", check_options.pki, strerror(errno));
    }
    runner_run(&runner);
    free(filters);
    if (!runner.list && runner.passed + runner.failed == 0)
        give_up(EXIT_USAGE, "no check fits");
    return runner.failed ? EXIT_FAILED : 0;
}
