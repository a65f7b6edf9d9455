/* Give a fuzz target the files named, or all files of the folders named, or
 * standard input: the ordinary tests replay the corpora so, and AFL can drive
 * it. */

#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "util/file.h"
#include "util/mem.h"

#define INPUT_MAX (4u << 20)

static int replay(const char *path)
{
	struct buf input = { 0 };
	uint8_t *exact;
	struct why why;

	if (file_read(path, INPUT_MAX, &input, &why) < 0) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	/* Memory of the very length, so that a sanitizer sees a read beyond. */
	exact = mem_copy(input.data, input.len);
	LLVMFuzzerTestOneInput(exact, input.len);
	free(exact);
	buf_deinit(&input);
	return 0;
}

static int replay_folder(const char *folder)
{
	size_t count = 0;
	char **names;
	struct why why;
	int r = 0;

	if (file_list(folder, "", &names, &count, &why) < 0)
		return replay(folder);
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *path =
		    mem_format("%s/%s", folder, names[i]);

		r |= replay(path);
	}
	printf("%s: %zu inputs\n", folder, count);
	file_list_free(names, count);
	return count ? r : 1;
}

int main(int argc, char **argv)
{
	int r = 0;

	if (argc < 2)
		return replay("-");
	for (int i = 1; i < argc; i++)
		r |= replay_folder(argv[i]);
	return r;
}
