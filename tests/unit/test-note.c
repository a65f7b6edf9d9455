/* Keys, signatures, signed notes and enrolments. */

#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file.h"
#include "util/hash.h"
#include "util/mem.h"
#include "wire/base64.h"
#include "wire/enrol.h"
#include "wire/key.h"
#include "wire/note.h"
#include "wire/sign.h"

static struct slice unhex(const char *hex, uint8_t *ret)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
		ret[i] = (uint8_t)byte;
	}
	return slice_of(ret, n);
}

static struct key *fixed_key(uint8_t fill, enum key_kind kind)
{
	uint8_t raw[KEY_BYTES];
	struct key *key;

	memset(raw, fill, sizeof(raw));
	key = key_from_raw(kind, raw);
	CHECK(key);
	return key;
}

/* RFC 8032 section 7.1, tests 1 to 3 and SHA(abc). */
TEST(sign, rfc_8032)
{
	static const struct {
		const char *secret, *public, *message, *signature;
	} cases[] = {
		{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031ca"
		  "e7f60",
		    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f7"
		    "07511a",
		    "",
		    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522"
		    "4901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246551"
		    "41438e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb"
		  "8a6fb",
		    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12a"
		    "f4660c",
		    "72",
		    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223eb"
		    "db69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d"
		    "291612bb0c00" },
		{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4"
		  "458f7",
		    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548"
		    "908025",
		    "af82",
		    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db"
		    "5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027"
		    "beceea1ec40a" },
		{ "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dc"
		  "a3d42",
		    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf8196834"
		    "67e2bf",
		    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b"
		    "55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9a"
		    "c94fa54ca49f",
		    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c"
		    "26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9be"
		    "f1177331a704" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[32], public[33], got[32], message[64], want[64],
		    signature[SIGN_BYTES];
		struct slice m = unhex(cases[i].message, message), halves[2];
		struct key *key;
		struct why why;

		unhex(cases[i].secret, raw);
		unhex(cases[i].public, public);
		unhex(cases[i].signature, want);
		key = key_from_raw(KEY_ED25519, raw);
		CHECK(key);
		key_public(key, got);
		CHECK(!memcmp(got, public, 32));
		halves[0] = slice_of(m.data, m.len / 2);
		halves[1] = slice_of(m.data + m.len / 2, m.len - m.len / 2);
		CHECK(!sign_parts(key, halves, 2, signature, &why));
		CHECK(!memcmp(signature, want, SIGN_BYTES));
		CHECK(sign_verify(public, &m, 1, signature));
		for (size_t bit = 0; bit < 8 * SIGN_BYTES; bit += 7) {
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CHECK(!sign_verify(public, &m, 1, signature));
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		key_free(key);
	}
}

/* Adding the group's order to S makes another number with the same meaning:
 * refused, or one signature would have two forms. */
TEST(sign, another_form_of_s_is_refused)
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
		0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
		0x14, [31] = 0x10 };
	struct key *key = fixed_key(3, KEY_ED25519);
	struct slice m = slice_str("m");
	uint8_t public[KEY_BYTES], signature[SIGN_BYTES];
	unsigned carry = 0;
	struct why why;

	key_public(key, public);
	CHECK(!sign_parts(key, &m, 1, signature, &why));
	CHECK(sign_verify(public, &m, 1, signature));
	for (size_t i = 0; i < 32; i++) {
		carry += signature[32 + i] + order[i];
		signature[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	CHECK(!sign_verify(public, &m, 1, signature));
	key_free(key);
}

TEST(key, small_order_and_other_forms_are_refused)
{
	static const char *const edwards[] = {
		"00000000000000000000000000000000000000000000000000000000000000"
		"00",
		"01000000000000000000000000000000000000000000000000000000000000"
		"80",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc"
		"85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03"
		"7a",
		/* p + 1, p + 2: other forms of 1 and 2 */
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"ff",
	};
	static const char *const montgomery[] = {
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b8"
		"00",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11"
		"57",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"09000000000000000000000000000000000000000000000000000000000000"
		"80",
	};
	uint8_t public[KEY_BYTES];
	struct why why;

	for (size_t i = 0; i < ARRAY_LEN(edwards); i++) {
		unhex(edwards[i], public);
		CHECK(!key_public_check(KEY_ED25519, public, &why));
	}
	for (size_t i = 0; i < ARRAY_LEN(montgomery); i++) {
		unhex(montgomery[i], public);
		CHECK(!key_public_check(KEY_X25519, public, &why));
	}
	memset(public, 0, sizeof(public));
	public[0] = 9; /* the curve's own base point */
	CHECK(key_public_check(KEY_X25519, public, &why));
}

static char *temp_dir(void)
{
	static char path[] = "/tmp/caveat-test-XXXXXX";

	strcpy(path, "/tmp/caveat-test-XXXXXX");
	CHECK(mkdtemp(path));
	return path;
}

TEST(key, files)
{
	char *dir = temp_dir(), path[256], uri[300];
	uint8_t public[KEY_BYTES], again[KEY_BYTES];
	struct key *key, *other = NULL;
	struct stat st;
	struct why why;

	snprintf(path, sizeof(path), "%s/message.pem", dir);
	snprintf(uri, sizeof(uri), "file:%s", path);
	CHECK_INT(key_load(KEY_ED25519, uri, &key, &why), -ENOENT);
	CHECK(strstr(why.text, path));
	CHECK(!key_generate(KEY_ED25519, path, &why));
	CHECK(!stat(path, &st) && (st.st_mode & 0777) == 0600);
	CHECK_INT(key_generate(KEY_ED25519, path, &why), -EEXIST);
	CHECK(!key_load(KEY_ED25519, uri, &key, &why));
	CHECK(!key_load(KEY_ED25519, path, &other, &why));
	key_public(key, public);
	key_public(other, again);
	CHECK(!memcmp(public, again, KEY_BYTES));
	key_free(key);
	key_free(other);
	CHECK_INT(key_load(KEY_X25519, uri, &key, &why), -EINVAL);
	CHECK(strstr(why.text, "X25519"));
	CHECK_INT(key_load(KEY_ED25519, dir, &key, &why), -EINVAL);
	CHECK_INT(key_load(KEY_ED25519, "vault:x", &key, &why), -EINVAL);
	CHECK(!chmod(path, 0640));
	CHECK_INT(key_load(KEY_ED25519, uri, &key, &why), -EPERM);
	CHECK(!file_write(path, slice_str("not a key\n"), 0600, &why));
	CHECK_INT(key_load(KEY_ED25519, uri, &key, &why), -EINVAL);
	CHECK(!unlink(path) && !rmdir(dir));
}

/* From `openssl genpkey -algorithm ed25519 -aes128`, pass phrase "x": a daemon
 * must say no, not ask. */
TEST(key, a_pass_phrase_is_not_asked_for)
{
	static const char pem[] =
	    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
	    "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAh01GEagKqzjQICCAAw\n"
	    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEBEak6jjs9/CYC7rgGgSY80EQEvE\n"
	    "wnu9luYEgEBibDaOYxzlE4lCwe+lAw8KwIZTb9QGsJfBtnct7JF/EfgvA8AaJL4Y\n"
	    "/wOukv9+I5UMc0vUXmM=\n"
	    "-----END ENCRYPTED PRIVATE KEY-----\n";
	char *dir = temp_dir(), path[256];
	struct key *key = NULL;
	struct why why;

	snprintf(path, sizeof(path), "%s/key.pem", dir);
	CHECK(!file_create(path, slice_str(pem), 0600, &why));
	CHECK_INT(key_load(KEY_ED25519, path, &key, &why), -EINVAL);
	CHECK(!unlink(path) && !rmdir(dir));
}

/* RFC 7748 section 6.1. */
TEST(key, curve)
{
	uint8_t raw[KEY_BYTES], want[KEY_BYTES], got[KEY_BYTES];
	struct key *key;
	struct why why;

	unhex("77076d0a7318a57d3c16c17251b26645"
	      "df4c2f87ebc0992ab177fba51db92c2a",
	    raw);
	unhex("8520f0098930a754748b7ddcb43ef75a"
	      "0dbf3a0d26381af4eba4a98eaa9b4e6a",
	    want);
	key = key_from_raw(KEY_X25519, raw);
	CHECK(key);
	key_public(key, got);
	CHECK(!memcmp(got, want, KEY_BYTES));
	CHECK(!key_curve_secret(key, got, &why));
	CHECK(!memcmp(got, raw, KEY_BYTES));
	key_free(key);
	key = fixed_key(5, KEY_ED25519);
	CHECK_INT(key_curve_secret(key, got, &why), -EACCES);
	key_free(key);
}

/* ZeroMQ RFC 32's own example, and what is no key's text. */
TEST(key, texts)
{
	char z85[KEY_Z85_BYTES + 1], base64[KEY_BASE64_BYTES + 1];
	uint8_t public[KEY_BYTES], got[KEY_BYTES];

	unhex("8e0bdd697628b91d8f245587ee95c5b0"
	      "4d48963f79259877b49cd9063aead3b7",
	    public);
	key_to_z85(public, z85);
	CHECK_STR(z85, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6");
	CHECK(key_from_z85(slice_str(z85), got));
	CHECK(!memcmp(got, public, KEY_BYTES));
	z85[3] = ' ';
	CHECK(!key_from_z85(slice_str(z85), got));
	memset(z85, '#', KEY_Z85_BYTES); /* 85^5 - 1 is over 2^32 */
	CHECK(!key_from_z85(slice_str(z85), got));
	key_to_base64(public, base64);
	CHECK(key_from_base64(slice_str(base64), got));
	CHECK(!memcmp(got, public, KEY_BYTES));
	CHECK(!key_from_base64(slice_of(base64, 43), got));
	base64[42]++; /* sets a bit that stands for nothing */
	CHECK(!key_from_base64(slice_str(base64), got));
}

TEST(base64, reads_what_it_writes_and_nothing_else)
{
	static const char *const bad[] = { "A", "AA", "AAA",
		"AB==", "AAB=", "A===", "====", "AA=A", "AAAA====", "AA==AAAA",
		"AAA\n", "AA A", "AA-_" };
	uint8_t data[64], got[64];
	size_t len;

	for (size_t n = 0; n <= sizeof(data); n++) {
		_cleanup_buf_ struct buf text = { 0 };

		for (size_t i = 0; i < n; i++)
			data[i] = (uint8_t)test_random();
		base64_add(&text, data, n);
		CHECK_INT(text.len, BASE64_LEN(n));
		CHECK(base64_read(buf_slice(&text), got, n, &len));
		CHECK(len == n && !memcmp(got, data, n));
		if (n)
			CHECK(!base64_read(buf_slice(&text), got, n - 1, &len));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(!base64_read(slice_str(bad[i]), got, sizeof(got), &len));
}

/* The first note and key of C2SP's and Go's own example. */
TEST(note, known_answer)
{
	static const char text[] =
	    "If you think cryptography is the answer to your problem,\n"
	    "then you don't know what your problem is.\n"
	    "\n"
	    "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcE"
	    "lZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
	static const char key[] = "PeterNeumann+c74f20a3+"
				  "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T"
				  "W";
	struct vkey vkey;
	struct note note;
	struct why why;
	char again[VKEY_TEXT_MAX];

	CHECK(vkey_parse(slice_str(key), &vkey, &why));
	vkey_format(&vkey, again);
	CHECK_STR(again, key);
	CHECK(note_parse(slice_str(text), &note, &why));
	CHECK_INT(note.count, 1);
	CHECK_INT(note_verify(&note, &vkey), NOTE_SIGNED);
	vkey.public[0] ^= 1;
	CHECK_INT(note_verify(&note, &vkey), NOTE_FORGED);
	vkey.id[0] ^= 1;
	CHECK_INT(note_verify(&note, &vkey), NOTE_UNSIGNED);
}

static void sign_as(struct buf *note, const char *name, uint8_t fill)
{
	struct key *key = fixed_key(fill, KEY_ED25519);
	struct why why;

	CHECK(!note_sign(note, name, key, &why));
	key_free(key);
}

static struct vkey vkey_of(const char *name, uint8_t fill)
{
	struct key *key = fixed_key(fill, KEY_ED25519);
	uint8_t public[KEY_BYTES];
	struct vkey vkey;

	key_public(key, public);
	CHECK(vkey_make(name, public, &vkey));
	key_free(key);
	return vkey;
}

TEST(note, several_sign_one_text)
{
	static const char *const texts[] = { "\n", "\n\n", "a\n", "a\n\n",
		"a\n\nb\n", "\n\xe2\x80\x94 b AAAAAAAA\n",
		"a\n\n\xe2\x80\x94 b AAAAAAAA\n\n" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct vkey a = vkey_of("a", 1), b = vkey_of("b", 2),
			    c = vkey_of("b", 1);
		struct key *key = fixed_key(1, KEY_ED25519);
		struct buf bytes = { 0 };
		struct note note;
		struct why why;

		buf_add_str(&bytes, texts[i]);
		CHECK(!note_is_signed(buf_slice(&bytes)));
		sign_as(&bytes, "a", 1);
		sign_as(&bytes, "b", 2);
		CHECK(note_is_signed(buf_slice(&bytes)));
		CHECK(note_parse(buf_slice(&bytes), &note, &why));
		CHECK(slice_is(note.text, texts[i]));
		CHECK_INT(note.count, 2);
		CHECK_INT(note_verify(&note, &a), NOTE_SIGNED);
		CHECK_INT(note_verify(&note, &b), NOTE_SIGNED);
		CHECK_INT(note_verify(&note, &c), NOTE_UNSIGNED);
		CHECK_INT(note_sign(&bytes, "a", key, &why), -EEXIST);
		CHECK_INT(note_sign(&bytes, "a b", key, &why), -EINVAL);
		key_free(key);
		buf_deinit(&bytes);
	}
}

TEST(note, every_bit_flip_is_refused)
{
	struct vkey a = vkey_of("a", 1), b = vkey_of("b", 2);
	struct buf bytes = { 0 };
	struct note note;
	struct why why;

	buf_add_str(&bytes, "caveat\n\nnothing\n");
	sign_as(&bytes, "a", 1);
	sign_as(&bytes, "b", 2);
	for (size_t i = 0; i < 8 * bytes.len; i++) {
		bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!note_parse(buf_slice(&bytes), &note, &why) ||
		      note_verify(&note, &a) != NOTE_SIGNED ||
		      note_verify(&note, &b) != NOTE_SIGNED);
		bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t n = 0; n < bytes.len; n++)
		CHECK(!note_parse(slice_of(bytes.data, n), &note, &why) ||
		      note_verify(&note, &b) != NOTE_SIGNED);
	buf_deinit(&bytes);
}

TEST(note, limits)
{
	struct key *key = fixed_key(1, KEY_ED25519);
	struct buf bytes = { 0 };
	char name[NOTE_NAME_MAX + 2];
	struct note note;
	struct why why;

	memset(buf_room(&bytes, NOTE_TEXT_MAX), 'a', NOTE_TEXT_MAX);
	bytes.len = NOTE_TEXT_MAX;
	bytes.data[bytes.len - 1] = '\n';
	memset(name, 'n', sizeof(name));
	name[NOTE_NAME_MAX + 1] = '\0';
	CHECK_INT(note_sign(&bytes, name, key, &why), -EINVAL);
	name[NOTE_NAME_MAX] = '\0';
	CHECK(!note_sign(&bytes, name, key, &why));
	CHECK(note_parse(buf_slice(&bytes), &note, &why));
	for (unsigned i = 1; i < NOTE_SIGNATURES_MAX; i++) {
		buf_addf(&bytes, "\xe2\x80\x94 other-%u AAAAAAAA\n", i);
		CHECK(note_parse(buf_slice(&bytes), &note, &why));
	}
	CHECK_INT(note.count, NOTE_SIGNATURES_MAX);
	CHECK(bytes.len <= NOTE_BYTES_MAX);
	CHECK_INT(note_sign(&bytes, "late", key, &why), -EINVAL);
	buf_add_str(&bytes, "\xe2\x80\x94 other AAAAAAAA\n");
	CHECK(!note_parse(buf_slice(&bytes), &note, &why));

	buf_reset(&bytes);
	memset(buf_room(&bytes, NOTE_TEXT_MAX + 1), 'a', NOTE_TEXT_MAX + 1);
	bytes.len = NOTE_TEXT_MAX + 1;
	bytes.data[bytes.len - 1] = '\n';
	CHECK_INT(note_sign(&bytes, "a", key, &why), -EINVAL);
	buf_add_str(&bytes, "\n\xe2\x80\x94 a AAAAAAAA\n");
	CHECK(!note_parse(buf_slice(&bytes), &note, &why));
	buf_deinit(&bytes);
	key_free(key);
}

TEST(note, forms_that_are_not_notes)
{
	static const char *const bad[] = { "", "\n", "\n\n", "a\n\n", "a",
		"a\n\nb\n", "a\n\n\xe2\x80\x94 b AAAAAAAA",
		"a\n\n\xe2\x80\x94 b AAAAAAAA\n\n",
		"a\n\n\xe2\x80\x94 b AAAA\n", /* a signature of nothing */
		"a\n\n\xe2\x80\x94  AAAAAAAA\n",
		"a\n\n\xe2\x80\x94 b+c AAAAAAAA\n",
		"a\n\n\xe2\x80\x94 b AAAAAAAA \n",
		"a\n\n\xe2\x80\x94 b AAAAAAAA\n\xe2\x80\x94 b AAAAAAAA\n",
		"a\n\n- b AAAAAAAA\n", "a\t\n\n\xe2\x80\x94 b AAAAAAAA\n",
		"\xff\n\n\xe2\x80\x94 b AAAAAAAA\n" };
	struct note note;
	struct why why;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(!note_parse(slice_str(bad[i]), &note, &why));
}

TEST(note, vkeys_that_are_not)
{
	struct vkey vkey = vkey_of("a", 1), got;
	char text[VKEY_TEXT_MAX];
	struct why why;

	vkey_format(&vkey, text);
	CHECK(vkey_parse(slice_str(text), &got, &why));
	CHECK(vkey_eq(&vkey, &got));
	for (size_t i = 0; i < 8 * strlen(text); i++) {
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
		CHECK(!vkey_parse(slice_str(text), &got, &why));
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
	}
	for (size_t n = 0; n < strlen(text); n++)
		CHECK(!vkey_parse(slice_of(text, n), &got, &why));
	memset(vkey.public, 0, KEY_BYTES); /* of small order */
	CHECK(vkey_make("a", vkey.public, &vkey));
	vkey_format(&vkey, text);
	CHECK(!vkey_parse(slice_str(text), &got, &why));
	CHECK(strstr(why.text, "small order"));
}

static struct enrolment enrolment_of(const char *partner)
{
	struct key *curve = fixed_key(9, KEY_X25519);
	struct enrolment_keys keys;
	struct enrolment e;
	struct why why;

	key_public(curve, keys.curve);
	memcpy(keys.message, vkey_of("x", 1).public, KEY_BYTES);
	memcpy(keys.witness, vkey_of("x", 2).public, KEY_BYTES);
	memcpy(keys.agree, vkey_of("x", 3).public, KEY_BYTES);
	CHECK(enrolment_make(partner, &keys, &e, &why));
	memcpy(keys.agree, keys.witness, KEY_BYTES);
	CHECK(!enrolment_make(partner, &keys, &e, &why));
	key_free(curve);
	return e;
}

static void sign_enrolment(struct buf *note, const char *text)
{
	buf_reset(note);
	buf_add_str(note, text);
	sign_as(note, "hmrc", 3);
	sign_as(note, "hmrc/message", 1);
	sign_as(note, "hmrc/witness", 2);
}

TEST(enrol, round_trip)
{
	struct enrolment e = enrolment_of("hmrc"), got;
	struct buf text = { 0 }, note = { 0 };
	struct why why;

	enrolment_text(&e, &text);
	buf_add_byte(&text, 0);
	sign_enrolment(&note, (char *)text.data);
	CHECK(enrolment_parse(buf_slice(&note), &got, &why));
	CHECK_STR(got.partner, "hmrc");
	CHECK(!memcmp(&got, &e, sizeof(e)));
	CHECK(enrolment_shares_key(&got, &e));
	CHECK(enrolment_has_key(&got, e.curve));
	for (size_t n = 0; n < note.len; n++)
		CHECK(!enrolment_parse(slice_of(note.data, n), &got, &why));
	for (size_t i = 0; i < 8 * note.len; i++) {
		note.data[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!enrolment_parse(buf_slice(&note), &got, &why));
		note.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	sign_as(&note, "guest", 4);
	CHECK(!enrolment_parse(buf_slice(&note), &got, &why));
	buf_deinit(&text);
	buf_deinit(&note);
}

TEST(enrol, what_is_not_an_enrolment)
{
	struct enrolment e = enrolment_of("hmrc"), got;
	struct buf text = { 0 }, note = { 0 };
	struct why why;

	/* Two of three signatures. */
	enrolment_text(&e, &text);
	buf_add_slice(&note, buf_slice(&text));
	sign_as(&note, "hmrc", 3);
	sign_as(&note, "hmrc/witness", 2);
	CHECK(!enrolment_parse(buf_slice(&note), &got, &why));
	/* A line too many. */
	buf_add_str(&text, "kind police\n");
	buf_add_byte(&text, 0);
	sign_enrolment(&note, (char *)text.data);
	CHECK(!enrolment_parse(buf_slice(&note), &got, &why));
	/* Another partner's name on the keys. */
	buf_reset(&text);
	snprintf(e.partner, sizeof(e.partner), "rugby-council");
	enrolment_text(&e, &text);
	buf_add_byte(&text, 0);
	sign_enrolment(&note, (char *)text.data);
	CHECK(!enrolment_parse(buf_slice(&note), &got, &why));
	/* The curve key is of small order. */
	snprintf(e.partner, sizeof(e.partner), "hmrc");
	memset(e.curve, 0, KEY_BYTES);
	buf_reset(&text);
	enrolment_text(&e, &text);
	buf_add_byte(&text, 0);
	sign_enrolment(&note, (char *)text.data);
	CHECK(!enrolment_parse(buf_slice(&note), &got, &why));
	CHECK(strstr(why.text, "small order"));
	buf_deinit(&text);
	buf_deinit(&note);
}

int main(void)
{
	return test_main();
}
