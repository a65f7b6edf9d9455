/* Records: from JSON to a message, and what is said of wrong ones. */

#include "tests/unit/test.h"

#include <stdio.h>

#include "agents/record.h"
#include "agents/value.h"
#include "util/clock.h"

static const char vocabulary[] =
    "vocabulary v/1\n"
    "codes kind police, council\n"
    "codes purpose prevent, pursue\n"
    "codes gateway common-law\n"
    "codes marking ordered OFFICIAL, SECRET\n"
    "codes grade 1, 2, 3\n"
    "entity report title text required\n"
    "entity item text narrative required source code grade\n"
    "  about link subject score integer urgent flag\n"
    "entity subject name text born date postcode postcode\n"
    "  markers code kind set amount decimal\n"
    "entity vehicle plate plate\n"
    "record report one report many item, subject, vehicle\n"
    "record short one report\n";

static const char agreement[] =
    "agreement a/1 uses v/1 parties x, y, z purposes prevent\n"
    "  starts 2026-01-01 ends 2027-01-01 retain 1 year\n"
    "group g \"G\" chair x members x, y, z\n"
    "clause 1 share report, short from x to g for prevent by common-law\n"
    "  release *, all sensitive\n";

static const char partners[] = "partner x kind police clearance SECRET\n"
			       "partner y kind council clearance SECRET\n"
			       "partner z kind council clearance OFFICIAL\n";

#define HEAD                                                                   \
	"{\"type\":\"report\",\"to\":[\"y\"],\"agreement\":\"a\","             \
	"\"purpose\":\"prevent\",\"marking\":\"OFFICIAL\","
#define REPORT "\"report\":{\"title\":\"t\"},"

static struct policy *load(void)
{
	struct policy_text texts[] = {
		{ "v.vocabulary", slice_str(vocabulary), true, NULL, 0 },
		{ "a.agreement", slice_str(agreement), true, NULL, 0 },
		{ "p.partners", slice_str(partners), true, NULL, 0 },
	};
	struct policy_input input = { .texts = texts, .count = 3 };
	struct policy *p = policy_load(&input);

	for (size_t i = 0; policy_errors(p) && i < 1; i++) {
		size_t n;

		printf("# %s\n", policy_problems(p, &n)[0].text);
	}
	CHECK_INT(policy_errors(p), 0);
	return p;
}

struct outcome {
	struct policy *policy;
	struct record record;
	struct buf problems;
	int r;
};

static struct outcome read_as(struct slice json, bool using)
{
	struct outcome o = { .policy = load() };
	struct record_context context = {
		.policy = o.policy, .from = "x", .using = using
	};

	CHECK(clock_parse("2026-06-01T10:00:00Z", 20, &context.now));
	o.r = record_read(&context, json, &o.problems, &o.record);
	buf_add_byte(&o.problems, 0);
	return o;
}

static struct outcome read_json(struct slice json)
{
	return read_as(json, true);
}

static void done(struct outcome *o)
{
	record_deinit(&o->record);
	buf_deinit(&o->problems);
	policy_unref(o->policy);
}

/* The record is wrong, and each of the (NULL-terminated) texts is said. */
static void check_wrong(const char *json, const char *const *said)
{
	struct outcome o = read_json(slice_str(json));

	CHECK_INT(o.r, RECORD_WRONG);
	for (; *said; said++)
		if (!strstr((const char *)o.problems.data, *said))
			test_fail(__FILE__, __LINE__, "'%s' is not said in: %s",
			    *said, (const char *)o.problems.data);
	done(&o);
}

static const struct policy_field *field(
    const struct outcome *o, const char *path, unsigned instance)
{
	for (size_t i = 0; i < o->record.message.count; i++) {
		const struct policy_field *f = &o->record.message.fields[i];

		if (slice_is(f->path, path) && f->instance == instance)
			return f;
	}
	test_fail(__FILE__, __LINE__, "no field %s %u", path, instance);
}

static void check_value(const struct outcome *o, const char *path,
    unsigned instance, const char *text)
{
	json_t *json = field_value_json(field(o, path, instance)->value);
	char *got = field_value_text(json);

	CHECK_STR(got, text);
	free(got);
	json_decref(json);
}

TEST(record, nested_json_becomes_paths_and_instances)
{
	struct outcome o = read_json(slice_str(
	    HEAD REPORT "\"item\":[{\"text\":\"a\",\"source\":1,\"score\":-7,"
			"\"urgent\":true,\"about\":\"subject 1\"}],"
			"\"subject\":[{\"name\":\"Rene\\u0301\"},"
			"{\"born\":\"1990-02-03\",\"postcode\":\"cv21 3ab\","
			"\"markers\":[\"police\"],\"amount\":\"1.50\"}],"
			"\"vehicle\":[{\"plate\":\"ab12 cde\"}]}"));

	CHECK_STR((const char *)o.problems.data, "");
	CHECK_INT(o.r, 0);
	CHECK_INT(o.record.message.count, 12);
	check_value(&o, "report.title", 0, "t");
	check_value(&o, "item.source", 0, "1"); /* rule 25 */
	check_value(&o, "item.score", 0, "-7");
	check_value(&o, "item.urgent", 0, "true");
	check_value(&o, "item.about", 0, "subject/1");
	check_value(&o, "subject.name", 0, "Ren\xc3\xa9"); /* NFC */
	check_value(&o, "subject.postcode", 1, "CV21 3AB");
	check_value(&o, "subject.markers", 1, "police");
	check_value(&o, "vehicle.plate", 0, "AB12CDE");
	CHECK_STR(field(&o, "subject.born", 1)->where, "subject[1].born");
	CHECK_STR(o.record.partners[0], "y");
	done(&o);
}

TEST(record, links_have_one_written_form)
{
	static const char *const forms[] = { "\"subject/0\"", "\"subject.0\"",
		"\"subject[0]\"", "\"subject 0\"", "\"subject\"",
		"[\"subject.0\"]" };
	char json[512];

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct outcome o;

		snprintf(json, sizeof(json),
		    HEAD REPORT "\"item\":[{\"text\":\"a\",\"about\":%s}],"
				"\"subject\":[{\"name\":\"n\"}]}",
		    forms[i]);
		o = read_json(slice_str(json));
		CHECK_STR((const char *)o.problems.data, "");
		check_value(&o, "item.about", 0, "subject/0");
		done(&o);
	}
}

TEST(record, groups_become_their_members_less_the_sender)
{
	struct outcome o = read_json(slice_str(
	    "{\"type\":\"short\",\"to\":[\"@g\",\"y\"],\"agreement\":\"a/1\","
	    "\"purpose\":\"prevent\",\"marking\":\"OFFICIAL\","
	    "\"report\":{\"title\":\"t\"}}"));

	CHECK_INT(o.r, 0);
	CHECK_INT(o.record.partners_count, 2);
	CHECK_STR(o.record.partners[0], "y");
	CHECK_STR(o.record.partners[1], "z");
	done(&o);
}

TEST(record, every_problem_is_told_with_its_path_and_the_nearest_name)
{
	check_wrong(HEAD REPORT
	    "\"item\":[{\"text\":\"a\"},{\"text\":5,\"sorce\":1}],"
	    "\"subject\":[{\"dob\":\"1990-02-03\",\"nmae\":\"n\"}],"
	    "\"vehicel\":[]}",
	    (const char *const[]){ "item[1].text: a text in quotes was "
				   "expected, found a whole number",
		"item[1].sorce: no field 'item.sorce' in v/1; did you mean "
		"'item.source'?",
		"subject[0].nmae: no field", "did you mean 'subject.name'?",
		"vehicel: a record of type report in v/1 has no such part; "
		"did you mean 'vehicle'?",
		NULL });
}

TEST(record, wrong_records)
{
	static const struct {
		const char *json;
		const char *said;
	} cases[] = {
		{ "", "not JSON" },
		{ "[]", "a record is an object, found a list" },
		{ HEAD "\"report\":{\"title\":\"t\"}", "1:" },
		{ HEAD REPORT "\"report\":{\"title\":\"u\"}}", "duplicate" },
		{ HEAD REPORT "\"sent\":\"2026-01-01T00:00:00Z\"}",
		    "sent: a record of type" },
		{ "{\"type\":\"report\"}", "to: it is missing" },
		{ "{\"type\":\"report\"}", "marking: it is missing" },
		{ HEAD "\"report\":[{\"title\":\"t\"}]}",
		    "report: an object was expected, found a list" },
		{ HEAD REPORT "\"item\":{\"text\":\"a\"}}",
		    "item: a list of objects was expected" },
		{ HEAD REPORT "\"item\":[{\"text\":null}]}", "found null" },
		{ HEAD REPORT "\"item\":[{\"text\":\"a\",\"score\":1.5}]}",
		    "item[0].score: a whole number was expected" },
		{ HEAD REPORT "\"item\":[{\"text\":\"a\",\"urgent\":1}]}",
		    "item[0].urgent: true or false was expected" },
		{ HEAD REPORT "\"subject\":[{\"markers\":\"police\"}]}",
		    "subject[0].markers: a list of values was expected" },
		{ HEAD REPORT "\"subject\":[{\"born\":\"1990-02-30\"}]}",
		    "subject[0].born" },
		{ HEAD REPORT "\"subject\":[{\"amount\":1}]}",
		    "subject[0].amount: a text in quotes" },
		{ HEAD REPORT
		    "\"item\":[{\"text\":\"a\",\"about\":\"subject/0\"}]}",
		    "item[0].about" },
		{ HEAD "\"item\":[]}", "report" },
		{ HEAD REPORT "\"expires\":\"tomorrow\"}", "expires: " },
		{ HEAD REPORT "\"officer\":\"a\\tb\"}",
		    "officer: the text holds a control character" },
		{ HEAD REPORT "\"forward\":[]}", "forward: " },
		{ HEAD REPORT "\"originators\":{\"item.txt\":\"y\"}}",
		    "did you mean 'item.text'?" },
		{ HEAD REPORT "\"originators\":{\"item.*\":\"w\"}}",
		    "no partner 'w'" },
		{ "{\"type\":\"reprot\",\"to\":[\"y\"],\"agreement\":\"a\","
		  "\"purpose\":\"prevent\",\"marking\":\"OFFICIAL\"}",
		    "type: no record 'reprot' in v/1; did you mean 'report'?" },
		{ "{\"type\":\"report\",\"to\":[\"yy\"],\"agreement\":\"a\","
		  "\"purpose\":\"prevent\",\"marking\":\"OFFICIAL\","
		  "\"report\":{\"title\":\"t\"}}",
		    "yy" },
		{ "{\"type\":\"report\",\"to\":\"y\",\"agreement\":\"a\","
		  "\"purpose\":\"prevent\",\"marking\":\"OFFICIAL\"}",
		    "to: a list of 1 to 256 partners" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_wrong(cases[i].json,
		    (const char *const[]){ cases[i].said, NULL });
}

/* A preview asks about an instance of which all is absent; a message cannot
 * hold one. */
TEST(record, rule_18_an_instance_without_fields)
{
	struct slice json = slice_str(
	    HEAD REPORT "\"item\":[{\"text\":\"a\",\"about\":\"subject/1\"}],"
			"\"subject\":[{\"name\":\"A\"},{}]}");
	struct outcome o = read_as(json, true);

	CHECK_STR((const char *)o.problems.data, "");
	CHECK_INT(o.r, 0);
	CHECK_INT(o.record.message.bare_count, 1);
	CHECK_INT(o.record.message.bare[0].instance, 1);
	done(&o);
	o = read_as(json, false);
	CHECK_INT(o.r, RECORD_WRONG);
	CHECK(strstr(
	    (const char *)o.problems.data, "subject[1]: it has no fields"));
	done(&o);
}

TEST(record, rule_3_an_unknown_agreement_leaves_the_fields_unread)
{
	struct outcome o = read_json(slice_str(
	    "{\"type\":\"report\",\"to\":[\"y\"],\"agreement\":\"other\","
	    "\"purpose\":\"prevent\",\"marking\":\"OFFICIAL\","
	    "\"anything\":{\"at\":\"all\"}}"));

	CHECK_STR((const char *)o.problems.data, "");
	CHECK_INT(o.r, 0);
	CHECK(!o.record.vocabulary);
	CHECK_INT(o.record.message.count, 0);
	done(&o);
}

TEST(record, rule_30_originators_by_path_then_entity_then_all)
{
	struct outcome o = read_json(slice_str(
	    HEAD REPORT "\"item\":[{\"text\":\"a\",\"source\":\"2\"}],"
			"\"vehicle\":[{\"plate\":\"AB12CDE\"}],"
			"\"originators\":{\"*\":\"x\",\"item.*\":\"y\","
			"\"item.source\":\"z\"}}"));

	CHECK_INT(o.r, 0);
	CHECK_STR(field(&o, "item.source", 0)->originator, "z");
	CHECK_STR(field(&o, "item.text", 0)->originator, "y");
	CHECK(!field(&o, "vehicle.plate", 0)->originator); /* the sender */
	done(&o);
}

/* A record with @n instances of vehicle. */
static struct outcome read_many(unsigned n)
{
	struct buf json = { 0 };
	struct outcome o;

	buf_add_str(&json, HEAD REPORT "\"vehicle\":[");
	for (unsigned i = 0; i < n; i++)
		buf_addf(&json, "%s{\"plate\":\"A%u\"}", i ? "," : "", i);
	buf_add_str(&json, "]}");
	o = read_json(buf_slice(&json));
	buf_deinit(&json);
	return o;
}

TEST(record, limits_hold_at_the_limit_and_one_past_it)
{
	struct buf json = { 0 };
	struct outcome o = read_many(POLICY_INSTANCES_MAX);

	CHECK_INT(o.r, 0);
	done(&o);
	o = read_many(POLICY_INSTANCES_MAX + 1);
	CHECK_INT(o.r, RECORD_WRONG);
	CHECK(strstr((const char *)o.problems.data, "more than 256"));
	done(&o);
	buf_add_str(&json, HEAD REPORT);
	while (json.len < RECORD_JSON_MAX)
		buf_add_byte(&json, ' ');
	json.data[json.len - 1] = '}';
	json.data[strlen(HEAD REPORT) - 1] = ' ';
	o = read_json(buf_slice(&json));
	CHECK_INT(o.r, 0);
	done(&o);
	buf_add_byte(&json, ' ');
	o = read_json(buf_slice(&json));
	CHECK_INT(o.r, RECORD_WRONG);
	done(&o);
	buf_deinit(&json);
}

/* Whatever is cut, flipped or doubled: an outcome, and never a crash. */
TEST(record, random_damage)
{
	static const char whole[] = HEAD REPORT
	    "\"item\":[{\"text\":\"a\",\"source\":1,\"about\":[\"subject\"]}],"
	    "\"subject\":[{\"name\":\"n\",\"born\":\"1990-02-03\"}]}";
	char json[sizeof(whole)];

	for (int i = 0; i < 2000; i++) {
		size_t len = strlen(whole);
		struct outcome o;

		memcpy(json, whole, sizeof(json));
		for (uint64_t n = 1 + test_below(3); n; n--)
			json[test_below(len)] = (char)test_random();
		if (test_below(4) == 0)
			len = test_below(len);
		o = read_json(slice_of(json, len));
		CHECK((o.r == 0) == (o.problems.len == 1));
		done(&o);
	}
}

int main(void)
{
	return test_main();
}
