#!/usr/bin/env python3
"""Agents and broker as people meet them: what is sent arrives, what is refused
is refused with its reason, and no moment of death loses or doubles anything."""

import json
import threading

from story import Exchange, main

SUBJECT = [{"name": "Ann Example", "born": "1990-02-03", "health": "poor"}]


def decisions(fields):
    return {f["path"]: f for f in fields}


def what_is_sent_arrives_field_by_field():
    with Exchange() as x:
        sent = x.send("police", to=["council", "hmrc"], subject=SUBJECT,
                      officer="DC 1 A Singh")
        assert sent["id"] == "police/1.1", sent
        assert [r["outcome"] for r in sent["recipients"]] == ["accepted"] * 2
        x.holds("council", [sent["id"]])
        shown = x.caveat("council", "show", sent["id"])
        fields = decisions(shown["fields"])
        assert shown["from"] == "police" and shown["copy"] == 1
        assert shown["officer"] == "DC 1 A Singh"
        assert shown["proof"]["verified"] and shown["proof"]["witnesses"] == 0
        assert fields["subject.name"]["value"] == "Ann Example"
        assert fields["subject.name"]["verified"]
        born = fields["subject.born"]
        assert (born["decision"], born["to"], born["value"],
                born["verified"]) == ("reduce", "year", "1990", True), born
        health = fields["subject.health"]
        assert health["decision"] == "withhold" and "value" not in health
        assert health["reason"] == "health is asked for"
        assert "report.secret" not in fields and shown["concealed"] >= 1
        ours = decisions(x.caveat("police", "show", sent["id"])["fields"])
        assert ours["report.secret"]["home"], "no reader: it stays at home"
        assert ours["report.secret"]["value"] == "s"
        x.until("the sender knows of the receipts", lambda: all(
            r["delivered"] for r in
            x.caveat("police", "receipts", sent["id"])["recipients"]))
        preview = x.caveat("police", "preview", "-", text=json.dumps({
            "type": "report", "to": ["council"], "agreement": "a",
            "purpose": "prevent", "marking": "OFFICIAL",
            "report": {"title": "t"}, "subject": SUBJECT}))
        told = {f["path"]: f["decision"] for f in
                preview["recipients"][0]["fields"]}
        assert told == {"report.title": "release", "subject.name": "release",
                        "subject.born": "reduce",
                        "subject.health": "withhold"}, told
        x.verify()


def refusals_say_why_and_wrong_records_send_nothing():
    cases = [
        ({"agreement": "b"}, "no agreement 'b'"),
        ({"purpose": "pursue"}, "pursue"),
        ({"marking": "SECRET"}, "clearance"),
    ]
    wrong = [
        ({"repotr": {}}, "did you mean 'report'?"),
        ({"report": {"titel": "x"}}, "did you mean 'report.title'?"),
        ({"to": ["nobody"]}, "nobody"),
        ({"to": ["police"]}, "police"),
        ({"marking": "TOP"}, "TOP"),
        ({"report": {"secret": "s"}}, "report.title"),
    ]
    with Exchange() as x:
        for change, reason in cases:
            answer = x.send("police", ok=(1,), **change)
            line = answer["recipients"][0]
            assert line["outcome"] == "refused", answer
            assert reason in line["reason"], answer
        for change, text in wrong:
            record = {"type": "report", "to": ["council"], "agreement": "a",
                      "purpose": "prevent", "marking": "OFFICIAL",
                      "report": {"title": "t"}}
            record.update(change)
            done = x.run("caveat", "send", "-", "--dir", x.dir / "police",
                         ok=(2,), text=json.dumps(record))
            assert text in done.stderr, (text, done.stderr)
        done = x.run("caveat", "send", "-", "--dir", x.dir / "police",
                     ok=(2,), text='{"type": "report",')
        assert "not JSON" in done.stderr
        assert x.send("police")["id"] == "police/1.4", "no number was wasted"
        x.verify()  # the refusals are in it


def a_recipient_that_is_away_gets_its_copies_later():
    with Exchange() as x:
        x.stop("council")
        ids = [x.send("police")["id"] for _ in range(5)]
        assert x.run("caveat", "inbox", "--dir", x.dir / "council",
                     ok=(3,)).stdout == ""
        x.start("council")
        x.holds("council", ids)
        assert x.inbox("council") == ids, "in order"
        x.verify()


def sending_goes_on_while_the_broker_is_away():
    with Exchange() as x:
        ids = [x.send("police")["id"]]
        x.stop("broker")
        x.until("the agent notices", lambda: not x.status("police")
                ["broker"]["connected"])
        for _ in range(3):
            answer = x.send("police")
            assert answer["recipients"][0]["outcome"] == "queued", answer
            ids.append(answer["id"])
        assert ids == [f"police/1.{n}" for n in range(1, 5)], ids
        x.stop("police")
        x.start("police")  # what was queued outlives it
        assert x.status("police")["queued"] == 3
        x.start("broker")
        x.holds("council", ids)
        x.connected("police")
        assert x.send("police")["id"] == "police/1.5"
        x.verify()


def storm(x, victim, rounds):
    """Send all the time while @victim is killed and started again; every id that
    was answered must arrive once."""
    acknowledged, stop = [], threading.Event()

    def sender():
        while not stop.is_set():
            done = x.run("caveat", "send", "-", "--json", "--dir",
                         x.dir / "police", ok=(0, 3), text=json.dumps({
                             "type": "report", "to": ["council", "hmrc"],
                             "agreement": "a", "purpose": "prevent",
                             "marking": "OFFICIAL",
                             "report": {"title": "t"}}))
            if done.returncode == 0:
                acknowledged.append(json.loads(done.stdout)["id"])

    threads = [threading.Thread(target=sender) for _ in range(3)]
    for t in threads:
        t.start()
    for _ in range(rounds):
        before = len(acknowledged)
        x.until("some were sent", lambda: len(acknowledged) > before + 3)
        x.kill(victim)
        x.start(victim)
    stop.set()
    for t in threads:
        t.join()
    x.connected("police")
    assert len(acknowledged) == len(set(acknowledged)), "an id twice"
    for reader in ("council", "hmrc"):
        x.holds(reader, acknowledged)
    numbers = sorted(int(i.split(".")[1]) for i in x.inbox("council"))
    assert numbers == list(range(1, len(numbers) + 1)), "a gap in the numbers"
    x.verify()


def killing_the_sender_loses_and_doubles_nothing():
    with Exchange() as x:
        storm(x, "police", 3)


def killing_a_recipient_loses_and_doubles_nothing():
    with Exchange() as x:
        storm(x, "council", 3)


def killing_the_broker_loses_and_doubles_nothing():
    with Exchange() as x:
        storm(x, "broker", 3)


def a_full_store_asks_to_try_again_and_recovers():
    big = {"title": "t", "secret": "s" * 400000}
    with Exchange() as x:
        conf = x.dir / "police" / "agent.conf"
        conf.write_text(conf.read_text().replace("#map = 64 GiB",
                                                 "map = 16 MiB"))
        x.stop("police")
        x.start("police")
        x.connected("police")
        x.stop("broker")
        x.until("the agent notices", lambda: not x.status("police")
                ["broker"]["connected"])
        ids = []
        for _ in range(100):
            done = x.run("caveat", "send", "-", "--json", "--dir",
                         x.dir / "police", ok=(0, 3), text=json.dumps({
                             "type": "report", "to": ["council"],
                             "agreement": "a", "purpose": "prevent",
                             "marking": "OFFICIAL", "report": big}))
            if done.returncode == 3:
                break
            ids.append(json.loads(done.stdout)["id"])
        assert done.returncode == 3 and "full" in done.stderr, done
        assert 10 < len(ids) < 60, len(ids)
        x.start("broker")
        x.holds("council", ids)
        x.until("there is room again", lambda: x.run(
            "caveat", "send", "-", "--dir", x.dir / "police", ok=(0, 3),
            text=json.dumps({
                "type": "report", "to": ["council"], "agreement": "a",
                "purpose": "prevent", "marking": "OFFICIAL",
                "report": big})).returncode == 0)
        x.until("it came", lambda: len(x.inbox("council")) == len(ids) + 1)
        assert x.inbox("council")[-1] == f"police/1.{len(ids) + 1}", "a gap"


def a_suspended_partner_sends_and_receives_nothing():
    with Exchange() as x:
        x.broker("suspend", "hmrc")
        answer = x.send("police", to=["hmrc"], ok=(1,))
        assert "suspended" in answer["recipients"][0]["reason"], answer
        answer = x.send("hmrc", ok=(0, 1))
        assert answer["recipients"][0]["outcome"] != "accepted", answer
        assert x.inbox("council") == []
        x.broker("resume", "hmrc")
        x.connected("hmrc")

        def accepted():
            return x.send("police", to=["hmrc"], ok=(0, 1))[
                "recipients"][0]["outcome"] == "accepted"
        x.until("it is sent to again", accepted)
        x.until("it receives again", lambda: x.inbox("hmrc"))
        x.verify()


def officers_are_who_the_system_says_they_are():
    with Exchange() as x:
        officers = x.dir / "police" / "officers"
        was = officers.read_text()
        officers.write_text(was.replace("officer,operator", "operator"))
        x.send("police", ok=(1,))
        officers.write_text("# nobody\n")
        done = x.run("caveat", "status", "--dir", x.dir / "police", ok=(1,))
        assert "is no officer of this agent" in done.stderr, done.stderr
        officers.write_text(was)
        x.send("police")
        # A socket elsewhere, for users whom the folder is closed to.
        x.stop("police")
        conf = x.dir / "police" / "agent.conf"
        conf.write_text(conf.read_text().replace(
            "#socket = api", f"socket = {x.dir}/texts/api"))
        x.start("police")
        x.caveat("texts", "status")
        x.caveat("police", "status")


def the_commands_read_the_agents_own_texts():
    with Exchange() as x:
        listed = x.caveat("council", "agreement", "list")["agreements"]
        assert [(a["name"], a["in-force"]) for a in listed] == [("a", True)]
        assert "agreement a/1" in x.caveat(
            "council", "agreement", "show", "a")["text"]
        x.run("caveat", "agreement", "check", "--dir", x.dir / "council")


main([
    what_is_sent_arrives_field_by_field,
    refusals_say_why_and_wrong_records_send_nothing,
    a_recipient_that_is_away_gets_its_copies_later,
    sending_goes_on_while_the_broker_is_away,
    killing_the_sender_loses_and_doubles_nothing,
    killing_a_recipient_loses_and_doubles_nothing,
    killing_the_broker_loses_and_doubles_nothing,
    a_full_store_asks_to_try_again_and_recovers,
    a_suspended_partner_sends_and_receives_nothing,
    officers_are_who_the_system_says_they_are,
    the_commands_read_the_agents_own_texts,
])
