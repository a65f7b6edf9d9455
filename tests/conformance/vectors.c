/* What the vectors are written with; vectors.h. */

#include "tests/conformance/vectors.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/wire-sample.h"
#include "util/file.h"
#include "util/mem.h"

static const char *data;
static bool writing;
static int differing;

void vectors_init(const char *folder, bool write)
{
	data = folder;
	writing = write;
}

int vectors_differing(void)
{
	return differing;
}
void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "wire-vectors: %s\n", what);
	exit(2);
}

void emit(const char *name, struct slice content)
{
	_cleanup_free_ char *path = mem_format("%s/%s", data, name);
	_cleanup_buf_ struct buf there = { 0 };
	struct why why;

	if (writing) {
		must(file_write(path, content, 0644, &why) == 0, why.text);
		return;
	}
	if (file_read(path, 4u << 20, &there, &why) == 0 &&
	    slice_eq(buf_slice(&there), content))
		return;
	printf("%s differs from what is built: a format has changed\n", path);
	differing++;
}

void json_hex(struct buf *j, const char *key, struct slice bytes)
{
	buf_addf(j, "\"%s\": \"", key);
	for (size_t i = 0; i < bytes.len; i++)
		buf_addf(j, "%02x", bytes.data[i]);
	buf_add_str(j, "\"");
}

void json_text(struct buf *j, const char *key, struct slice text)
{
	buf_addf(j, "\"%s\": \"", key);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\n')
			buf_add_str(j, "\\n");
		else
			buf_add_byte(j, text.data[i]);
	}
	buf_add_str(j, "\"");
}

struct slice hash32(const void *hash)
{
	return slice_of(hash, HASH_BYTES);
}

void json_key(struct buf *j, const char *name, uint8_t fill)
{
	uint8_t secret[KEY_BYTES], public[KEY_BYTES], id[KEY_ID_BYTES];

	memset(secret, fill, sizeof(secret));
	sample_public(fill, KEY_ED25519, public);
	key_id(public, id);
	buf_addf(j, "  \"%s\": {", name);
	json_hex(j, "secret", slice_of(secret, KEY_BYTES));
	buf_add_str(j, ", ");
	json_hex(j, "public", slice_of(public, KEY_BYTES));
	buf_add_str(j, ", ");
	json_hex(j, "id", slice_of(id, KEY_ID_BYTES));
	buf_add_str(j, "},\n");
}
