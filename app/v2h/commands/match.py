"""`v2h match TRACE.csv`: compares our load matching with the other known laws, on a recorded load and a given plant."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from v2h.checks import utf8
from v2h.energy.bench.laws import LAWS
from v2h.energy.bench.metering import METERS, REAL, MeterModel
from v2h.energy.bench.plant import REAL_LOSSES, Plant, Score, Trace
from v2h.energy.bench.plant import run as simulate
from v2h.energy.bench.scoring import Car, Step, step_test
from v2h.energy.bench.trace import TraceError, cut, read_trace

PLOTS = (".svg", ".png")
LONGEST_PLOT_S = 3600.0
"""A plot of more than an hour of 20 ms steps would be only a black bar."""
METER_FLAGS = {
    "--meter-noise": ("noise_w", 0, 1000, "W", "standard deviation of the meter's values"),
    "--meter-average": ("average_s", 0, 60, "S", "each value is the mean of so long"),
    "--meter-filter": ("filter_s", 0, 60, "S", "time constant of a filter in the meter"),
    "--meter-change": ("change_w", 0, 1000, "W", "the meter sends only values that differ by more than this"),
    "--lost": ("lost_share", 0, 99, "PCT", "share of the meter's values that are lost"),
    "--late": ("late_s", 0, 10, "S", "mean delay of a value on its way, beyond the meter's age"),
}
"""Flag -> field of MeterModel, least, most, unit, what it is."""
LONG_S = 3600.0
"""A trace longer than this takes so long that the progress is shown."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one law, on the trace and on the step test."""

    score: Score
    step: Step
    car: Car | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h match`."""
    add = parser.add_argument
    add("trace", type=Path, metavar="TRACE.csv", help="t_s,watts or t_s,load_w,pv_w; '#' begins a comment")
    add("--meter", choices=METERS, default="stpm3x", help="interval and age of the meter (default stpm3x)")
    add("--law", action="append", choices=LAWS, help="only this law; may be given again (default all)")
    add("--from-s", type=_number(0, 1e9), default=0.0, metavar="S", help="leave out the trace's first seconds")
    add("--for-s", type=_number(1, 1e9), metavar="S", help="use no more than this of it")
    add("--skip-s", type=_number(0, 1e9), default=0.0, metavar="S", help="run the first seconds, but do not score them")
    add("--ideal", action="store_true", help="no rounding to 0.1 A, no age of the charger's own telemetry")
    add("--dead-time", type=_number(0, 5), metavar="S", help="the converter's dead time (default 0.2)")
    add(
        "--ramp-scale", type=_number(0.05, 20), default=1.0, metavar="X", help="times the converter's ramps (default 1)"
    )
    add("--real", action="store_true", help="what a real house has: flicker, losses and the meter's own faults")
    for flag, (field, low, high, metavar, words) in METER_FLAGS.items():
        add(flag, type=_number(low, high), metavar=metavar, dest=field, help=f"{words} (default 0)")
    add(
        "--telemetry-noise",
        type=_number(0, 2),
        metavar="A",
        help="standard deviation of the charger's own current before its rounding; 0.077 was recorded (default 0)",
    )
    add(
        "--losses",
        type=_losses,
        nargs="?",
        const=REAL_LOSSES,
        metavar="W,PCT,PCT",
        help="the converter's own use, its losses, and how many more it has at full power "
        "(40,3,3 without a value; default none)",
    )
    add("--unknown-lag", action="store_true", help="do not tell the law the meter's age: it has to learn it")
    add("--soc", type=_number(0, 100), metavar="PCT", help="begin at this charge and keep to the window")
    add("--soc-min", type=_number(0, 100), default=30.0, metavar="PCT", help="floor of the window (default 30)")
    add("--soc-max", type=_number(0, 100), default=90.0, metavar="PCT", help="its ceiling (default 90)")
    add("--capacity-kwh", type=_number(1, 500), default=22.4, metavar="KWH", help="the car's battery (default 22.4)")
    add("--json", action="store_true", help="one JSON object instead of a table")
    add("--plot", type=Path, metavar="FILE", help="draw the grid power of all laws, at most an hour; .svg or .png")
    parser.epilog = "example: v2h match house.csv --meter sdm230 --real --unknown-lag --skip-s 600"


def run(args: argparse.Namespace) -> int:
    """Compare the laws. Returns 0, or 2 when the trace or an argument cannot be used."""
    try:
        trace = _trace(args)
        plant, meter = _plant(args), _meter(args)
        results = compare(
            trace, args, plant, meter, _tell if trace[-1][0] - trace[0][0] > LONG_S else lambda text: None
        )
        if args.plot is not None:
            from v2h.commands.matchplot import draw  # it imports a large library, which only this option needs

            draw(args.plot, trace, {name: result.score.grid_w for name, result in results.items()}, args.meter)
    except OSError as error:
        print(f"v2h match: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except TraceError as error:
        print(f"v2h match: {args.trace}: {error}", file=sys.stderr)
        return 2
    except ImportError as error:
        print(f"v2h match: a plot needs matplotlib, which is only in the developer's set-up: {error}", file=sys.stderr)
        return 2
    load_w_h = next(iter(results.values())).score.load_travel_w_h
    if args.json:
        print(json.dumps(as_json(args, plant, meter, load_w_h, results), indent=1))
    else:
        print(as_text(args, plant, meter, load_w_h, results))
    return 0


def compare(
    trace: Trace, args: argparse.Namespace, plant: Plant, meter: MeterModel, tell: Callable[[str], None]
) -> dict[str, Result]:
    """The result of every requested law. If the laws do not get the lag, the step test comes after the skipped part of
    the trace: that is the time that a law has for learning."""
    lag_told = not args.unknown_lag
    names = [name for name in LAWS if not args.law or name in args.law]
    warm_up = [row for row in trace if row[0] - trace[0][0] <= args.skip_s] if args.unknown_lag else []
    results = {}
    for position, name in enumerate(names, 1):
        tell(f"{position} of {len(names)}: {name}")
        car = None
        if args.soc is not None:
            car = Car(args.soc, args.soc_min, args.soc_max, args.capacity_kwh * 1000)
        score = simulate(
            trace,
            LAWS[name](trace, meter, plant),
            meter,
            plant,
            skip_s=args.skip_s,
            lag_told=lag_told,
            allowed=None if car is None else car.allowed,
            keep=args.plot is not None,
        )
        step = step_test(LAWS[name], meter, plant, warm_up=warm_up, lag_told=lag_told)
        results[name] = Result(score, step, car)
    return results


def as_json(
    args: argparse.Namespace, plant: Plant, meter: MeterModel, load_w_h: float, results: dict[str, Result]
) -> dict[str, object]:
    """The object that scripts rely on. settle_worst_s is null when a step never settled."""
    return {
        "plant": asdict(plant),
        "meter": args.meter,
        "meter_interval_s": meter.interval_s,
        "meter_age_s": meter.age_s,
        "meter_model": asdict(meter),
        "lag_told": not args.unknown_lag,
        "counted_s": next(iter(results.values())).score.counted_s,
        "load_travel_w_h": round(load_w_h, 3),
        "laws": {name: _law_json(result) for name, result in results.items()},
    }


def as_text(
    args: argparse.Namespace, plant: Plant, meter: MeterModel, load_w_h: float, results: dict[str, Result]
) -> str:
    """The same values as text for people."""
    car = " SoC %" if args.soc is not None else ""
    told = "not told to the law" if args.unknown_lag else "told"
    lines = [
        f"meter {args.meter}: every {meter.interval_s:g} s, {meter.age_s:g} s old ({told})",
        f"converter: dead time {plant.dead_time_s:g} s, ramp {plant.ramp_up_a_s:g} and {plant.ramp_down_a_s:g} A/s, "
        f"lag {plant.lag_s:g} s, steps of {plant.setpoint_step_a:g} A, +-{plant.limit_w:g} W",
        *_faults(plant, meter),
        "",
        f"{'law':10} {'mean W':>8} {'rms W':>8} {'import':>8} {'export':>8} {'settle s':>9} {'over %':>7} {'travel':>7}"
        + car,
    ]
    for name, result in results.items():
        score, step = result.score, result.step
        settle = "never" if step.settle_s is None else f"{step.settle_s:.2f}"
        travel = score.travel_w_h / load_w_h if load_w_h else 0.0
        lines.append(
            f"{name:10} {score.mean_w:8.1f} {score.rms_w:8.1f} {score.import_wh_h:8.1f} {score.export_wh_h:8.1f} "
            f"{settle:>9} {step.overshoot_pct:7.1f} {travel:7.2f}"
            + (f" {result.car.soc_pct:5.1f}" if result.car is not None else "")
        )
    lines += [
        "",
        "mean and rms of |grid| power; import and export in Wh an hour; settle: a 2 kW step into +-50 W, worst of 10;",
        "travel: what the charger's power moved, as a multiple of the load's own; oracle knows the load and is no law.",
    ]
    return "\n".join(lines)


def _law_json(result: Result) -> dict[str, float | None]:
    score, step = result.score, result.step
    values: dict[str, float | None] = {
        "mean_w": score.mean_w,
        "rms_w": score.rms_w,
        "import_wh_h": score.import_wh_h,
        "export_wh_h": score.export_wh_h,
        "settle_worst_s": step.settle_s,
        "overshoot_pct": step.overshoot_pct,
        "travel_w_h": score.travel_w_h,
    }
    if result.car is not None:
        values["soc_end_pct"] = result.car.soc_pct
    return {name: None if value is None else round(value, 3) for name, value in values.items()}


def _trace(args: argparse.Namespace) -> Trace:
    try:
        lines = utf8(args.trace.read_bytes()).splitlines()
    except ValueError as error:
        raise TraceError(str(error)) from error
    trace = cut(read_trace(lines), args.from_s, args.for_s)
    lasts_s = trace[-1][0] - trace[0][0]
    if args.skip_s >= lasts_s:
        raise TraceError(f"it lasts {lasts_s:g} s; --skip-s {args.skip_s:g} leaves nothing to score")
    if args.plot is not None and lasts_s > LONGEST_PLOT_S:
        raise TraceError(f"it lasts {lasts_s:g} s; a plot shows {LONGEST_PLOT_S:g} s at most: add --from-s, --for-s")
    if args.plot is not None and args.plot.suffix not in PLOTS:
        raise TraceError(f"--plot {args.plot} must end in {' or '.join(PLOTS)}")
    if args.soc_min >= args.soc_max:
        raise TraceError(f"--soc-min {args.soc_min:g} must be below --soc-max {args.soc_max:g}")
    return trace


def _plant(args: argparse.Namespace) -> Plant:
    plant = Plant().scaled(args.ramp_scale)
    if args.dead_time is not None:
        plant = replace(plant, dead_time_s=args.dead_time)
    if args.real:
        plant = plant.real()
    if args.telemetry_noise is not None:
        plant = replace(plant, telemetry_noise_a=args.telemetry_noise)
    if args.losses is not None:
        own_use_w, loss_share, loss_full_share = args.losses
        plant = replace(plant, own_use_w=own_use_w, loss_share=loss_share, loss_full_share=loss_full_share)
    return plant.ideal() if args.ideal else plant


def _meter(args: argparse.Namespace) -> MeterModel:
    """The meter that was asked for; a single flag replaces what --real says. Raises TraceError when it averages and
    filters."""
    told = {field: getattr(args, field) for field, *_ in METER_FLAGS.values() if getattr(args, field) is not None}
    if "lost_share" in told:
        told["lost_share"] /= 100
    meter = replace((REAL if args.real else METERS)[args.meter], **told)
    if meter.average_s and meter.filter_s:
        raise TraceError(
            f"the meter {args.meter} cannot both average ({meter.average_s:g} s) and filter ({meter.filter_s:g} s): "
            "set one of --meter-average, --meter-filter to 0"
        )
    return meter


def _faults(plant: Plant, meter: MeterModel) -> list[str]:
    """Lines that name what is not ideal."""
    losses = f"{plant.own_use_w:g} W + {100 * plant.loss_share:g} % + {100 * plant.loss_full_share:g} % at full load"
    said = {
        f"telemetry noise {plant.telemetry_noise_a:g} A": plant.telemetry_noise_a,
        f"losses {losses}": plant.own_use_w or plant.loss_share or plant.loss_full_share,
        f"meter noise {meter.noise_w:g} W": meter.noise_w,
        f"meter averages {meter.average_s:g} s": meter.average_s,
        f"meter filter {meter.filter_s:g} s": meter.filter_s,
        f"meter speaks on change by {meter.change_w:g} W": meter.change_w,
        f"{100 * meter.lost_share:g} % of its values lost": meter.lost_share,
        f"{meter.late_s:g} s late": meter.late_s,
    }
    there = [words for words, value in said.items() if value]
    return (
        ["not ideal: " + ", ".join(there)] if there else ["ideal: no noise, no losses, a meter that tells the moment"]
    )


def _number(low: float, high: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not from {low:g} to {high:g}")
        return value

    return number


def _losses(text: str) -> tuple[float, float, float]:
    parts = text.split(",")
    if len(parts) != 3:
        raise argparse.ArgumentTypeError(f"{text} is not W,PCT,PCT, as in 40,3,3")
    percent = _number(0, 30)
    return _number(0, 500)(parts[0]), percent(parts[1]) / 100, percent(parts[2]) / 100


def _tell(text: str) -> None:
    print(f"v2h match: {text}", file=sys.stderr)
