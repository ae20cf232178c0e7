/* SPDX-License-Identifier: MIT */
/* What goes over the wire, octet for octet, whoever provides the mechanism. */
#include "combos.h"
#include "harness.h"

#include <string.h>

static struct client client;

static void expect_out(const char *data, size_t len)
{
    check(client.wrote);
    check_eq(client.out_len, len, "%zu octets instead of %zu", client.out_len, len);
    check_eq(memcmp(client.out, data, len), 0, "'%.*s'", (int)client.out_len, client.out);
}

#define EXPECT_OUT(text) expect_out(text, sizeof(text) - 1)

/* RFC 4616, section 4. */
EACH_NAMED("PLAIN", mech_exact, plain_is_one_message, "the messages of RFC 4616")
{
    client_open(&client);
    client.value[AUTHID] = "tim";
    client.value[PASSWORD] = "tanstaaftanstaaf";
    client_begin(&client, "PLAIN");
    check_eq(client_step(&client, NULL, 0), ENVOI_OK);
    check_eq(client.result, ENVOI_STEP_DONE);
    EXPECT_OUT("\0tim\0tanstaaftanstaaf");

    client.value[AUTHZID] = "Ursel";
    client.value[AUTHID] = "Kurt";
    client.value[PASSWORD] = "xipj3plmq";
    client_begin(&client, "PLAIN");
    check_eq(client_step(&client, NULL, 0), ENVOI_OK);
    check_eq(client.result, ENVOI_STEP_DONE);
    EXPECT_OUT("Ursel\0Kurt\0xipj3plmq");
    client_close(&client);
}

/* The empty challenge of a server that did not get the message with AUTH. */
EACH_NAMED("PLAIN", mech_exact, plain_answers_an_empty_challenge, "an empty challenge is answered with the message")
{
    client_open(&client);
    client_begin(&client, "PLAIN");
    check_eq(client_step(&client, "", 0), ENVOI_OK);
    check_eq(client.result, ENVOI_STEP_DONE);
    EXPECT_OUT("\0alice\0s3cret pass");
    client_close(&client);
}

EACH_NAMED("LOGIN", mech_exact, login_answers_two_prompts, "user and password answer two prompts, whatever these say")
{
    /* What servers say; the words mean nothing. */
    static const char *const prompts[][2] = {
        {"Username:", "Password:"}, {"User Name", "334 again"}, {"", ""}, {"Password:", "Username:"}};

    client_open(&client);
    for (size_t i = 0; i < sizeof prompts / sizeof *prompts; i++) {
        client_begin(&client, "LOGIN");
        check_eq(client_step(&client, NULL, 0), ENVOI_OK);
        check(!client.wrote, "LOGIN has no initial response");
        check_eq(client.result, ENVOI_STEP_CONTINUE);
        check_eq(client_step(&client, prompts[i][0], strlen(prompts[i][0])), ENVOI_OK);
        check_eq(client.result, ENVOI_STEP_CONTINUE);
        EXPECT_OUT("alice");
        check_eq(client_step(&client, prompts[i][1], strlen(prompts[i][1])), ENVOI_OK);
        check_eq(client.result, ENVOI_STEP_DONE);
        EXPECT_OUT("s3cret pass");
    }
    client_close(&client);
}

/* A core that knows LOGIN to be server-first need not ask for an initial response. */
EACH_NAMED("LOGIN", mech_exact, login_can_begin_with_the_challenge, "the first step may come with the first prompt")
{
    client_open(&client);
    client_begin(&client, "LOGIN");
    check_eq(client_step(&client, "Username:", 9), ENVOI_OK);
    EXPECT_OUT("alice");
    client_close(&client);
}

/* RFC 2195, section 2; and RFC 2202's idea of a long key: one of more than 64 octets is hashed first. */
static const struct {
    const char *user, *password, *challenge, *response;
} vectors[] = {
    {"tim", "tanstaaftanstaaf", "<1896.697170952@postoffice.reston.mci.net>", "tim b913a602c7eda7a495b4e6e7334d3890"},
    {"joe", "tanstaaftanstaaf", "<1896.697170952@postoffice.example.net>", "joe 3dbc88f0624776a737b39093f6eb6427"},
    {"two words",
     "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
     "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
     "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
     "\xaa\xaa\xaa\xaa\xaa",
     "Test Using Larger Than Block-Size Key - Hash Key First", "two words 6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"},
};

EACH_NAMED("CRAM-MD5", mech_exact, cram_md5_gives_the_known_digests, "the digests of RFC 2195")
{
    client_open(&client);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        client.value[AUTHID] = vectors[i].user;
        client.value[PASSWORD] = vectors[i].password;
        client_begin(&client, "CRAM-MD5");
        check_eq(client_step(&client, NULL, 0), ENVOI_OK);
        check(!client.wrote, "CRAM-MD5 has no initial response");
        check_eq(client_step(&client, vectors[i].challenge, strlen(vectors[i].challenge)), ENVOI_OK);
        check_eq(client.result, ENVOI_STEP_DONE);
        expect_out(vectors[i].response, strlen(vectors[i].response));
    }
    client_close(&client);
}

/* The empty initial response, which is not the same as none. */
EACH_NAMED("EXTERNAL", mech_exact, external_writes_an_empty_response,
           "an empty response is written, which is not the same as none")
{
    client_open(&client);
    client_begin(&client, "EXTERNAL");
    check_eq(client_step(&client, NULL, 0), ENVOI_OK);
    check_eq(client.result, ENVOI_STEP_DONE);
    EXPECT_OUT("");
    client.value[AUTHZID] = "bob";
    client_begin(&client, "EXTERNAL");
    check_eq(client_step(&client, NULL, 0), ENVOI_OK);
    EXPECT_OUT("bob");
    client_close(&client);
}

EACH_NAMED("EXTERNAL", mech_exact, external_needs_a_tls_layer, "it is not usable without TLS")
{
    client_open(&client);
    client.params.external_ssf = 0;
    client_expect(&client, client.mechanism->usable(client.state, "EXTERNAL", &client.params), ENVOI_E_NOT_SUPPORTED,
                  "TLS");
    check_eq(client.mechanism->mech_new(client.state, "EXTERNAL", &client.params, &client.ctx), ENVOI_E_NOT_SUPPORTED);
    client_close(&client);
}
