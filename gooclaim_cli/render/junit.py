"""A story's outcome as JUnit XML, which CI services read: a test case a step."""

from datetime import UTC, datetime
from xml.etree import ElementTree

from gooclaim_cli.render.escape import visible
from gooclaim_cli.stories.judging import Account
from gooclaim_cli.stories.scenario import Step


def junit_xml(account: Account, *, at: float) -> bytes:
    """The report as a document. A step that was not played to its end is skipped."""
    scenario = account.scenario
    suite = ElementTree.Element(
        "testsuite",
        name=visible(scenario.name),
        timestamp=datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    )
    suite.extend(_case(account, step) for step in scenario.steps)
    counts = {
        "tests": str(len(suite)),
        "failures": str(len(suite.findall("*/failure"))),
        "errors": "0",
        "skipped": str(len(suite.findall("*/skipped"))),
        "time": f"{sum(float(case.attrib['time']) for case in suite):.3f}",
    }
    suite.attrib.update(counts)
    suites = ElementTree.Element("testsuites", counts)
    suites.append(suite)
    ElementTree.indent(suites)
    document: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _case(account: Account, step: Step) -> ElementTree.Element:
    name = visible(account.scenario.name)
    requests = [each for played in account.of_step(step) for each in played.requests]
    seconds = sum(each.fired.outcome.ms for each in requests) / 1000
    case = ElementTree.Element(
        "testcase",
        classname=f"gooclaim.{name}",
        name=f"{step.number} {visible(account.scenario.event_of(step))}",
        time=f"{seconds:.3f}",
    )
    if problems := account.problems_of(step):
        said = [visible(each) for each in problems]
        failure = ElementTree.SubElement(case, "failure", message=said[0])
        failure.text = "\n".join([f"line {step.line} of {name}", *said])
    elif account.is_unplayed(step):
        ElementTree.SubElement(case, "skipped", message="the story did not come so far")
    return case
