/* Bytes nobody meant: the example with a few of them changed is refused in
 * words, or read, and never breaks the reader. */

#include "tests/unit/test.h"

#include "policy/model.h"
#include "util/file.h"
#include "util/mem.h"
#include "util/text.h"

#define FOLDER_MAX 32

struct folder {
	struct policy_text texts[FOLDER_MAX];
	struct buf bytes[FOLDER_MAX];
	char *names[FOLDER_MAX];
	size_t count;
};

static void read_ending(
    struct folder *folder, const char *path, const char *ending)
{
	struct why why;
	char **found;
	size_t count;

	CHECK_INT(file_list(path, ending, &found, &count, &why), 0);
	for (size_t i = 0; i < count; i++) {
		size_t n = folder->count++;
		_cleanup_free_ char *file = mem_format("%s/%s", path, found[i]);

		CHECK(n < FOLDER_MAX);
		CHECK_INT(file_read(file, 1 << 20, &folder->bytes[n], &why), 0);
		folder->names[n] = mem_str(found[i]);
		folder->texts[n] = (struct policy_text){
			.name = folder->names[n],
			.text = buf_slice(&folder->bytes[n]),
			.all_signed = true,
		};
	}
	file_list_free(found, count);
}

static void read_folder(struct folder *folder, const char *path)
{
	static const char *const endings[] = { ".vocabulary", ".agreement",
		".standing", ".partners", ".notice" };

	*folder = (struct folder){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		read_ending(folder, path, endings[i]);
	CHECK(folder->count > 3);
}

static void folder_deinit(struct folder *folder)
{
	for (size_t i = 0; i < folder->count; i++) {
		buf_deinit(&folder->bytes[i]);
		free(folder->names[i]);
	}
}

static struct policy *load_folder(const struct folder *folder)
{
	return policy_load(&(struct policy_input){
	    .texts = folder->texts, .count = folder->count });
}

/* All that was found, a line each. The caller frees. */
static char *problems_of(const struct policy *p)
{
	struct buf out = { 0 };
	const struct policy_problem *problems;
	size_t count;

	problems = policy_problems(p, &count);
	for (size_t i = 0; i < count; i++)
		policy_problem_print(&problems[i], &out);
	return buf_steal_str(&out);
}

static const char example[] = "../../examples/warwickshire";

/* Replace each text by its print: the whole must say the same. */
static void reprint(struct folder *folder, const struct policy *p)
{
	for (size_t i = 0; i < folder->count; i++) {
		struct buf out = { 0 };

		for (size_t j = 0; j < p->agreements_count; j++)
			if (!strcmp(p->agreements[j]->source->name,
				folder->names[i]))
				CHECK(policy_print(
				    p, p->agreements[j]->cited, &out));
		for (size_t j = 0; j < p->vocabularies_count; j++)
			if (!strcmp(p->vocabularies[j]->id.at.source->name,
				folder->names[i]))
				CHECK(policy_print(
				    p, p->vocabularies[j]->cited, &out));
		if (!out.len)
			continue;
		buf_deinit(&folder->bytes[i]);
		folder->bytes[i] = out;
		folder->texts[i].text = buf_slice(&out);
	}
}

TEST(damage, the_example_is_printed_without_any)
{
	struct folder folder;

	read_folder(&folder, test_data(example));
	for (int i = 0; i < 2; i++) {
		struct policy *p = load_folder(&folder);
		_cleanup_free_ char *found = problems_of(p);

		CHECK_STR(found, "");
		reprint(&folder, p);
		policy_unref(p);
	}
	folder_deinit(&folder);
}

/* "soc.vocabulary:" and the block that follows it, from the page. */
static void add_block(struct folder *folder, const char *page, const char *name)
{
	_cleanup_free_ char *head = mem_format("\n%s:\n\n```\n", name);
	const char *text = strstr(page, head), *end;
	size_t n = folder->count++;

	CHECK(text);
	text += strlen(head);
	end = strstr(text, "```\n");
	CHECK(end);
	buf_add(&folder->bytes[n], text, (size_t)(end - text));
	folder->names[n] = mem_str(name);
	folder->texts[n] = (struct policy_text){
		.name = folder->names[n],
		.text = buf_slice(&folder->bytes[n]),
		.all_signed = true,
	};
}

TEST(damage, the_example_of_the_page_has_none)
{
	static const char *const names[] = { "soc.vocabulary", "soc.partners",
		"local.agreement", "law.standing", "june.notice" };
	_cleanup_buf_ struct buf page = { 0 };
	_cleanup_free_ char *found = NULL;
	struct folder folder = { 0 };
	struct policy *p;
	struct why why;

	CHECK_INT(file_read(test_data("../../man/caveat-agreement.5.scd"),
		      1 << 20, &page, &why),
	    0);
	buf_add_byte(&page, '\0');
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		add_block(&folder, (const char *)page.data, names[i]);
	p = load_folder(&folder);
	found = problems_of(p);
	CHECK_STR(found, "");
	policy_unref(p);
	folder_deinit(&folder);
}

/* One to three bytes changed, left out or doubled, or the end cut off. */
static void damage(struct buf *b, struct slice text)
{
	buf_reset(b);
	buf_add_slice(b, text);
	for (size_t n = 1 + test_below(3); n-- > 0 && b->len > 2;) {
		size_t at = test_below(b->len - 1);

		switch (test_below(5)) {
		case 0:
			b->data[at] = (uint8_t)test_random();
			break;
		case 1:
			b->data[at] =
			    (uint8_t) "\"#,.()=<>! *\n\0z9"[test_below(17)];
			break;
		case 2:
			memmove(
			    b->data + at, b->data + at + 1, b->len - at - 1);
			b->len--;
			break;
		case 3: {
			size_t len = test_below(b->len - at);
			_cleanup_free_ void *part = mem_copy(b->data + at, len);

			buf_add(b, part, len);
			break;
		}
		default:
			b->len = at;
			break;
		}
	}
}

static void check_problems(const struct policy *p, const struct folder *folder)
{
	const struct policy_problem *problems;
	size_t count, errors = 0;

	problems = policy_problems(p, &count);
	for (size_t i = 0; i < count; i++) {
		size_t source = 0;

		errors += problems[i].severity == POLICY_ERROR;
		CHECK(!text_fault(slice_str(problems[i].text)));
		while (strcmp(folder->names[source], problems[i].file))
			source++;
		CHECK(problems[i].line <= folder->texts[source].text.len + 1);
		CHECK(!problems[i].line == !problems[i].column);
	}
	CHECK_INT(policy_errors(p), errors);
}

TEST(damage, never_breaks_the_reader)
{
	struct folder folder;
	struct buf damaged = { 0 };

	read_folder(&folder, test_data(example));
	for (size_t i = 0; i < 1500; i++) {
		size_t n = test_below(folder.count);
		struct slice whole = folder.texts[n].text;
		struct policy *p;

		damage(&damaged, whole);
		folder.texts[n].text = buf_slice(&damaged);
		p = load_folder(&folder);
		check_problems(p, &folder);
		for (size_t j = 0; j < p->agreements_count; j++) {
			_cleanup_buf_ struct buf out = { 0 };

			CHECK(policy_print(p, p->agreements[j]->cited, &out));
		}
		policy_unref(p);
		folder.texts[n].text = whole;
	}
	buf_deinit(&damaged);
	folder_deinit(&folder);
}

/* A message shows a condition of the text; not what a terminal would obey. */
TEST(damage, messages_stay_plain)
{
	static const char text[] =
	    "agreement a/1 uses soc/1 parties p purposes x basis \"b\" contact "
	    "\"c\" starts 2026-01-01 review 2026-01-01 ends 2026-01-01 "
	    "clause 1 share r from p to p for x by g retain 1 day when "
	    "handling-instruction = \"\033[2J\xff\xc3\xa9\"";
	static const char words[] =
	    "vocabulary soc/1 codes kind k codes purpose x codes gateway g "
	    "codes marking ordered M entity e a text record r one e";
	struct policy_text texts[] = {
		{ .name = "a.agreement", .text = slice_str(text) },
		{ .name = "soc.vocabulary", .text = slice_str(words) },
		{ .name = "p.partners",
		    .text = slice_str("partner p kind k clearance M") },
	};
	struct policy *p =
	    policy_load(&(struct policy_input){ .texts = texts, .count = 3 });
	_cleanup_free_ char *found = problems_of(p);

	CHECK(strstr(found, "holds a control character"));
	CHECK(strstr(found, "'handling-instruction = \"?[2J???\"' is not so"));
	CHECK(!strchr(found, '\033'));
	policy_unref(p);
}

int main(void)
{
	return test_main();
}
