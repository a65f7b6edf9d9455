/* The one user of msgpack-c: its packer, over a buffer that grows. */

#include "wire/codec.h"

#include <assert.h>
#include <msgpack.h>

static int append(void *data, const char *bytes, size_t len)
{
	buf_add(data, bytes, len);
	return 0;
}

static msgpack_packer packer(struct buf *out)
{
	return (msgpack_packer){ .data = out, .callback = append };
}

void codec_array(struct buf *out, uint32_t count)
{
	msgpack_packer p = packer(out);

	msgpack_pack_array(&p, count);
}

void codec_map(struct buf *out, uint32_t pairs)
{
	msgpack_packer p = packer(out);

	msgpack_pack_map(&p, pairs);
}

void codec_uint(struct buf *out, uint64_t v)
{
	msgpack_packer p = packer(out);

	msgpack_pack_uint64(&p, v);
}

void codec_int(struct buf *out, int64_t v)
{
	msgpack_packer p = packer(out);

	msgpack_pack_int64(&p, v);
}

void codec_bool(struct buf *out, bool v)
{
	msgpack_packer p = packer(out);

	if (v)
		msgpack_pack_true(&p);
	else
		msgpack_pack_false(&p);
}

void codec_nil(struct buf *out)
{
	msgpack_packer p = packer(out);

	msgpack_pack_nil(&p);
}

void codec_str(struct buf *out, struct slice s)
{
	msgpack_packer p = packer(out);

	assert(s.len <= UINT32_MAX);
	msgpack_pack_str(&p, s.len);
	buf_add_slice(out, s);
}

void codec_text(struct buf *out, const char *s)
{
	codec_str(out, slice_str(s));
}

void codec_bin_head(struct buf *out, uint32_t len)
{
	msgpack_packer p = packer(out);

	msgpack_pack_bin(&p, len);
}

void codec_bin(struct buf *out, struct slice s)
{
	assert(s.len <= UINT32_MAX);
	codec_bin_head(out, (uint32_t)s.len);
	buf_add_slice(out, s);
}

void codec_bytes(struct buf *out, const void *data, size_t len)
{
	codec_bin(out, slice_of(data, len));
}

void codec_str_or_nil(struct buf *out, struct slice s)
{
	if (s.len)
		codec_str(out, s);
	else
		codec_nil(out);
}
