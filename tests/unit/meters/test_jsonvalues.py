"""Values from the documents that real meters send, as their makers' API documents and owners' logs show them."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.config.meter_kinds import HttpMeter, MqttMeter
from v2h.config.presets import SHIPPED, JsonLayout, Preset, find
from v2h.meters import MeterError, NoMeasurementError
from v2h.meters import http as http_meter
from v2h.meters import mqtt as mqtt_meter
from v2h.meters.jsonvalues import measurement, parse, pick
from v2h.meters.reading import implausible

DATA = Path(__file__).resolve().parents[2] / "data" / "meters"
GLOW = (
    '{"electricitymeter":{"timestamp":"2022-06-24T13:02:29Z","energy":{"export":{"cumulative":0,"units":"kWh"},'
    '"import":{"cumulative":4595.563,"day":10.464,"units":"kWh","mpan":"1","supplier":"x"}},'
    '"power":{"value":-0.623,"units":"kW"}}}'
)
SHELLY_3EM = (
    '{"emeters":[{"power":10.66,"pf":1.0,"current":0.08,"voltage":232.06,"is_valid":true,"total":5.3,"total_returned":1.0},'
    '{"power":-20.5,"pf":0.0,"current":0.01,"voltage":232.07,"is_valid":true,"total":0.7,"total_returned":0.0},'
    '{"power":0.0,"pf":0.0,"current":0.02,"voltage":232.05,"is_valid":true,"total":0.0,"total_returned":2.0}],'
    '"total_power":-9.84,"fs_mounted":true}'
)
SHELLY_EM = (
    '{"emeters":[{"power":512.4,"voltage":231.1,"total":100.0,"total_returned":3.0},{"power":99.0,"voltage":231.1}]}'
)
PRO_EM = '{"id":0,"current":2.598,"voltage":234.9,"act_power":-501.8,"aprt_power":612.4,"pf":0.84,"freq":50.0}'
PRO_3EM = (
    '{"id":0,"a_current":4.029,"a_voltage":236.1,"a_act_power":951.2,"b_current":4.027,"b_voltage":236.2,'
    '"b_act_power":-951.1,"c_current":3.03,"c_voltage":236.3,"c_act_power":715.4,"n_current":null,'
    '"total_current":11.0,"total_act_power":715.5,"total_aprt_power":2484.7}'
)
HOMEWIZARD = (
    '{"smr_version":50,"total_power_import_kwh":13779.338,"total_power_export_kwh":0.5,"active_power_w":-543,'
    '"active_power_l1_w":-676,"active_power_l2_w":133,"active_power_l3_w":0,"active_voltage_l1_v":231.2,'
    '"active_voltage_l2_v":231.3,"active_voltage_l3_v":null,"active_current_l1_a":-4,"active_current_l2_a":2}'
)
TASMOTA = (
    '{"Time":"2018-01-17T18:59:50","ENERGY":{"Total":1.956,"Power":9,"Factor":0.43,"Voltage":231,"Current":0.089}}'
)


def shipped() -> list[JsonLayout]:
    """The layout of every shipped JSON preset; this also checks that each file can be read."""
    kinds = {path.stem: tomllib.loads(path.read_text())["kind"] for path in SHIPPED.glob("*.toml")}
    assert len(kinds) == 16
    return [find(kind, name, ()).layout for name, kind in kinds.items() if kind != "modbus"]


def http(preset: str, text: str) -> Any:
    return measurement(parse(text.encode()), find("http", preset, ()).layout, 1.0)


def mqtt(preset: str, text: str) -> Any:
    return measurement(parse(text.encode()), find("mqtt", preset, ()).layout, 1.0)


def test_glow_tells_kilowatts_and_both_counters() -> None:
    value = mqtt("glow", GLOW)
    assert (value.power_w, value.import_wh, value.export_wh) == (pytest.approx(-623), pytest.approx(4_595_563), 0.0)


@pytest.mark.parametrize(("preset", "text", "power_w"), [("mbmd", "-1234.5", -1234.5), ("evcc", "812", 812.0)])
def test_bare_numbers(preset: str, text: str, power_w: float) -> None:
    value = mqtt(preset, text)
    assert (value.power_w, value.phases) == (power_w, ({"power_w": power_w},))


def test_tasmota() -> None:
    value = mqtt("tasmota", TASMOTA)
    assert (value.power_w, value.voltage_v, value.current_a) == (9, 231, 0.089)


def test_three_phases_of_a_list_are_summed() -> None:
    value = http("shelly-3em", SHELLY_3EM)
    assert value.power_w == pytest.approx(-9.84)
    assert value.phases[1] == {"power_w": -20.5, "voltage_v": 232.07, "current_a": 0.01}
    assert (value.import_wh, value.export_wh, value.voltage_v) == (pytest.approx(6.0), 3.0, None)


def test_the_first_clamp_of_a_shelly_em_is_the_grid() -> None:
    value = http("shelly-em", SHELLY_EM)
    assert (value.power_w, value.voltage_v, value.import_wh, len(value.phases)) == (512.4, 231.1, 100.0, 1)


def test_generation_two() -> None:
    value = http("shelly-pro-em", PRO_EM)
    assert (value.power_w, value.current_a, value.frequency_hz) == (-501.8, 2.598, 50.0)
    for value in (http("shelly-pro-3em", PRO_3EM), mqtt("shelly", PRO_3EM)):
        assert value.power_w == 715.5
        assert [phase["power_w"] for phase in value.phases] == [951.2, -951.1, 715.4]


def test_homewizard_with_two_phases_in_use() -> None:
    value = http("homewizard", HOMEWIZARD)
    assert (value.power_w, value.import_wh) == (-543, pytest.approx(13_779_338))
    assert [phase["power_w"] for phase in value.phases] == [-676, 133, 0]
    assert value.phases[0]["voltage_v"] == 231.2


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ('{"a":{"b":"much"}}', "a.b", "a.b is 'much' and not a number"),
        ('{"a":{"b":true}}', "a.b", "a.b is 'True' and not a number"),
        ('{"a":{"c":1}}', "a.b", 'no a.b in its answer {"a": {"c": 1}}'),
        ("[1, 2]", "5", "no 5 in its answer"),
        ('{"a": NaN}', "a", "a is 'nan' and not a number"),
        (f'{{"a": 1{"0" * 400}}}', "a", "and not a number"),
        ("<html>", "a", "'<html>', which is neither JSON nor"),
        ("", "", "neither JSON nor a number"),
        ("[" * 100_000, "", "neither JSON"),
    ],
)
def test_what_is_no_measurement_is_said(text: str, path: str, words: str) -> None:
    with pytest.raises(MeterError) as caught:
        measurement(parse(text.encode()), JsonLayout((path,)), 1.0)
    assert words in str(caught.value)


def test_paths() -> None:
    document = {"a": [{"w": 1}, {"w": "2.5"}, {"v": 3}, None], "b": {"x": 4, "y": 5}}
    assert pick(document, "a.*.w") == [1.0, 2.5]
    assert pick(document, "a.1.w") == [2.5]
    assert pick(document, "b.*") == [4.0, 5.0]
    assert pick(document, "a.9.w") == pick(document, "b.z") == pick(document, "a.w") == []


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_no_document_does_anything_but_measure_or_say_why(document: object) -> None:
    for layout in [JsonLayout(("",)), *shipped()]:
        try:
            value = measurement(json.loads(json.dumps(document)), layout, 1.0)
        except MeterError:
            continue
        assert implausible(value) or abs(value.power_w) <= 100e3


def test_what_the_owner_says_goes_before_the_preset() -> None:
    def of(**keys: Any) -> Preset:
        return http_meter.preset_of(HttpMeter(**keys))

    assert of(url="http://a", preset="homewizard").resource == "/api/v1/data"
    assert of(url="http://a/rpc/EM1.GetStatus?id=1", preset="shelly-pro-em").resource.endswith("id=1")
    own = of(url="http://a/x?y=1", path="p.q", scale=1000)
    assert (own.resource, own.layout) == ("/x?y=1", JsonLayout(("p.q",), 1000))
    assert mqtt_meter.preset_of(MqttMeter(preset="glow", scale=1.0)).layout.scale == 1.0
    assert mqtt_meter.preset_of(MqttMeter(preset="glow", path="x")).layout == JsonLayout(("x",), 1.0)


@pytest.mark.parametrize(
    ("sent", "power_w"), [("+12.5", 12.5), (".5", 0.5), ("12.", 12), (" 898.5\r\n", 898.5), ('"480"', 480)]
)
def test_a_bare_number_as_small_devices_write_it(sent: str, power_w: float) -> None:
    assert mqtt("evcc", sent).power_w == power_w


@pytest.mark.parametrize("sent", ["+-1", ".", "1_000", "nan", "Infinity", "0x10", "1e", '"', "١"])
def test_what_only_looks_like_a_number_is_none(sent: str) -> None:
    with pytest.raises(MeterError):
        mqtt("evcc", sent)


def test_an_error_value_of_glow_is_no_power() -> None:
    told = [mqtt("glow", line) for line in (DATA / "glow-error-value.txt").read_text().splitlines()]
    assert [bool(implausible(value)) for value in told] == [False, True, False]
    assert implausible(told[1]).startswith("it reports -8388608 W, and no house has more than 100 kW")


def test_a_shelly_that_says_that_a_clamp_is_not_valid_is_believed() -> None:
    text = (DATA / "shelly-3em-not-valid.json").read_text()
    with pytest.raises(NoMeasurementError) as caught:
        http("shelly-3em", text)
    assert str(caught.value) == "its second clamp says that it is not valid"
    assert http("shelly-em", text).power_w == 500, "the first clamp alone is valid"


def test_errors_that_a_shelly_reports() -> None:
    document = json.loads(PRO_3EM)
    for broken in ({"b_errors": ["out_of_range:voltage"]}, {"errors": ["power_meter_failure"]}):
        with pytest.raises(NoMeasurementError, match=r"it reports (out_of_range:voltage|power_meter_failure) itself"):
            http("shelly-pro-3em", json.dumps(document | broken))
    fine = document | {"errors": ["phase_sequence"], "a_errors": []}
    assert http("shelly-pro-3em", json.dumps(fine)).power_w == 715.5


def test_several_channels_name_the_path_that_adds_them_up() -> None:
    text = '{"ENERGY":{"Power":[23.63,67.17],"Voltage":229.3,"Current":[0.103,0.293]}}'
    with pytest.raises(NoMeasurementError) as caught:
        mqtt("tasmota", text)
    assert str(caught.value) == 'ENERGY.Power has several channels; path = "ENERGY.Power.*" adds them up'
    value = measurement(parse(text.encode()), JsonLayout(("ENERGY.Power.*",)), 1.0)
    assert value.power_w == pytest.approx(90.8)


def test_import_minus_export_and_a_dot_within_a_name() -> None:
    document = {"1-0:1.7.0": {"value": 0.25}, "1-0:2.7.0": {"value": 1.5}}
    layout = JsonLayout(('"1-0:1.7.0".value - "1-0:2.7.0".value',), 1000)
    assert measurement(document, layout, 1.0).power_w == -1250
    with pytest.raises(NoMeasurementError, match="there is no"):
        measurement({"1-0:1.7.0": {"value": 0.25}}, layout, 1.0)
    assert pick({"a": [5, 7], "b": [1, 2]}, "a.* - b.* + a.*") == [9, 12]


def test_a_path_that_misses_the_quotation_marks_of_a_dotted_name_says_so() -> None:
    with pytest.raises(MeterError) as caught:
        measurement({"1-0:16.7.0": {"value": -250}}, JsonLayout(("1-0:16.7.0.value",)), 1.0)
    assert str(caught.value).endswith('a name that has a dot itself stands within quotation marks: "1-0:16.7.0"')


def test_home_assistant_tells_the_unit_and_when_it_has_no_value() -> None:
    def said(state: str, unit: str) -> Any:
        return http("home-assistant", json.dumps({"state": state, "attributes": {"unit_of_measurement": unit}}))

    assert said("-1.25", "kW").power_w == -1250
    with pytest.raises(NoMeasurementError, match="'unavailable' and not a number"):
        said("unavailable", "W")
    with pytest.raises(NoMeasurementError, match="its unit 'kWh' is not W, kW or MW"):
        said("5", "kWh")


def test_further_shipped_presets() -> None:
    assert mqtt("victron", '{"value": 1234.5}').power_w == 1234.5
    assert http("fronius", '{"Body":{"Data":{"Site":{"P_Grid":-12.5}}}}').power_w == -12.5
    value = http("iammeter", '{"Datas":[[231.0,1.5,340.0,10.0,2.0],[230.0,0.5,-100.0,10.0,2.0]]}')
    assert (value.power_w, value.phases[1]["current_a"]) == (240, 0.5)
