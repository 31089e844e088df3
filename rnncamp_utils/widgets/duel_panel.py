"""A duel for two people on two computers: choose, run, exchange cards, see who wins."""

import asyncio
import html
from dataclasses import fields, replace
from time import perf_counter as now

import ipywidgets
from IPython.display import display

from .. import duel, plots
from ..conditions import INITIALIZERS, OPTIMIZERS
from ..run_cards import LONGEST_NAME
from .controls import Choice
from .panel import STYLE, button, close_all, sentences
from .player import BUDGET, HIDE, breathe, take_place
from .scene import ANEW, LIVE, RATES

REPORT = 0.25  # seconds from one move of the progress bar to the next
HIDDEN, ACTIVATION = ANEW[:2]
CLIP = LIVE[1]
FREE = (  # what the free round leaves to the reader, besides the activation
    HIDDEN,
    Choice("length", "sequence length", (5, 10, 15, 20, 25, 30, 40, 50), 25),
    Choice("batch", "batch", (1, 4, 8, 16, 32), 16),
    Choice("lr", "learning rate", RATES, 0.1),
    CLIP,
    Choice("scale", "initial scale", (0.25, 0.5, 0.7, 1, 1.4, 2, 4), 1),
    Choice("initializer", "initial W_hh", INITIALIZERS, "orthogonal"),
    Choice("optimizer", "optimizer", OPTIMIZERS, "SGD"),
)
STILL = (
    '<div class="rnncamp-still"><p>A panel for two: choose an activation, run, exchange cards. '
    "Run this cell (Shift + Enter) to bring it to life.</p></div>"
)
WIDE = {"width": "calc(100% - 6px)", "height": "7em"}


class DuelPanel:
    """Shows a duel under the conditions `challenge`: make one as the last expression of a cell.

    The activation is the reader's choice; in the `free` round, so is all but task, seeds, budget.
    Handlers only note what is wanted, as in a `Player`; one task on the kernel's loop does it.
    """

    def __init__(self, challenge, free=False):
        self.challenge, self.free = challenge, free
        self.card = self.comparison = None
        self._wanted, self._compared = "", None
        self._task = self._loop = None
        self._wake = asyncio.Event()
        self._controls = {c.name: c.widget() for c in _controls(challenge, free)}
        self._make_widgets()
        self._listen()
        self._report("Choose, then press Run.")

    def conditions(self):
        """Return the conditions that a press on Run would use now.

        Raises ValueError for those that make no run.
        """
        chosen = {name: control.value for name, control in self._controls.items()}
        if chosen.get("clip") == float("inf"):
            chosen["clip"] = None
        return self.challenge.but(**chosen)

    async def run(self):
        """Run, and make the card: for cells and tests, with or without a page."""
        self._wanted = "run"
        await self._obey()

    def close(self):
        """Stop for good and take the widgets off the page."""
        self._wanted = "stop"
        if self._task:
            self._task.cancel()
        close_all(self.box)

    def _ipython_display_(self):
        take_place(self, type(self).__name__)
        display({"text/html": HIDE + STILL, "text/plain": "[a panel for a duel]"}, raw=True)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        display({"application/vnd.jupyter.widget-view+json": view, "text/plain": ""}, raw=True)
        if self._task is None:
            self._loop = asyncio.get_running_loop()
            self._task = self._loop.create_task(self._live())

    def _make_widgets(self):
        label = {"style": {"description_width": "8.5em"}}
        self.name = ipywidgets.Text(description="your name", layout={"width": "26em"}, **label)
        self.run_button = button("▶ Run", "train all seeds and make my card", "primary")
        self.stop_button = button("■ Stop", "stop the run; there is no card of half a run")
        self.progress = ipywidgets.FloatProgress(
            max=1, layout={"width": "20em"}, tooltip="the part of the budget that is used"
        )
        self.status = ipywidgets.HTML()
        self.my_card = ipywidgets.Textarea(
            description="my card", placeholder="Run first: your card appears here.", layout=WIDE,
            tooltip="my card: copy it and send it", **label,
        )
        self.partner_card = ipywidgets.Textarea(
            description="partner's card", placeholder="Paste your partner's card here.",
            layout=WIDE, tooltip="the card that your partner has sent", **label,
        )
        self.verdict = ipywidgets.HTML()
        self.box = self._arrange()

    def _arrange(self):
        heading = ipywidgets.HTML(
            f"{STYLE}<h4>{'The free round' if self.free else 'A duel'}</h4>"
            f"<p><b>Try:</b> reach the smaller loss on held-out data. Fixed for both: "
            f"{html.escape(_fixed(self.challenge, self._controls))}.</p>"
        )
        row = {"flex_flow": "row wrap", "align_items": "center"}
        run = ipywidgets.HBox([self.run_button, self.stop_button, self.progress], layout=row)
        parts = [heading, self.name, *self._controls.values(), run, self.status, self.my_card,
                 self.partner_card, self.verdict]
        box = ipywidgets.VBox(parts)
        for name in ("rnncamp-live", "rnncamp-duel"):
            box.add_class(name)
        return box

    def _listen(self):
        self.run_button.on_click(lambda _: self._want("run"))
        self.stop_button.on_click(lambda _: self._want("stop"))
        for text in (self.name, self.my_card, self.partner_card):
            text.observe(lambda _: self._want(self._wanted or "compare"), "value")

    def _want(self, what):
        """Note what is wanted, and tell the task."""
        self._wanted = what
        if self._loop:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _live(self):
        """Serve the reader until the panel is closed."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._obey()
            except Exception as error:
                self._report("", f"{type(error).__name__}: {error}. Run the cell again to go on.")
                raise

    async def _obey(self):
        """Do what the handlers have noted."""
        wanted, self._wanted = self._wanted, ""
        if wanted == "run":
            try:
                await self._train(self.conditions())
            except ValueError as error:
                self._report("No run.", str(error))
        if self.card:
            self.card = replace(self.card, name=self.name.value.strip()[:LONGEST_NAME])
        # The field of my card can be reached and copied by keyboard, but what is typed is undone.
        self.my_card.value = self.card.code if self.card else ""
        now_compared = self.card, self.partner_card.value
        if now_compared != self._compared:
            self._compared = now_compared
            self._compare(*now_compared)

    async def _train(self, conditions):
        """Run `conditions`, a little at a time, and make the card; Run begins anew."""
        generator = duel.walk(conditions)
        # Said once: a screen reader reads every new sentence out. The bar moves on.
        self._report(f"Training with {conditions.activation}.")
        answer = report = now()
        while self._wanted not in ("stop", "run"):
            try:
                done = next(generator)
            except StopIteration as end:
                self.card = end.value.card()
                self.progress.value = 1
                return self._report(
                    f"Done: {conditions.activation} has {duel.score(self.card)} "
                    f"{duel.TASKS[conditions.task].unit} on held-out data. Send your card to your "
                    "partner."
                )
            if now() > report:
                self.progress.value = done
                report = now() + REPORT
            if now() > answer:
                await breathe()
                answer = now() + BUDGET
        self.progress.value = 0
        return self._report("Stopped: there is no card of half a run.")

    def _compare(self, card, text):
        """Show the verdict over my card and the partner's, or what is missing."""
        self.comparison = None
        if not text.strip():
            self.verdict.value = ""
            return
        try:
            partner = duel.read(text)
            if card is None:
                self.verdict.value = sentences("Your partner's card is read. Run, to make yours.")
                return
            self.comparison = duel.compare(card, partner, free=self.free)
        except ValueError as error:
            self.verdict.value = sentences("", str(error)[:1].upper() + str(error)[1:] + ".")
            return
        figure, alt, caption = self.comparison.figure()
        shown = plots.html_figure(plots.to_png(figure), alt, caption)
        plots.plt.close(figure)
        self.verdict.value = sentences(self.comparison.verdict) + shown

    def _report(self, sentence, problem=""):
        self.status.value = sentences(sentence, problem)


def _controls(challenge, free):
    """Return the choices of the reader; the challenge's own values are their defaults."""
    choices = (ACTIVATION, *FREE) if free else (ACTIVATION,)
    for choice in choices:
        own = getattr(challenge, choice.name)
        yield _with_default(choice, float("inf") if own is None else own)


def _with_default(choice, value):
    """Return the choice with the default `value`, which is made one of its options."""
    options = tuple(choice.options)
    if value not in options:
        options = (*options, value) if isinstance(value, str) else tuple(sorted((*options, value)))
    return Choice(choice.name, choice.label, options, value, help=choice.help)


def _fixed(challenge, controls):
    """Return the conditions that are no choice, in words."""
    about = {f.name: getattr(challenge, f.name) for f in fields(challenge)}
    unit = duel.TASKS[about.pop("task")].unit
    seeds = about.pop("seeds")
    rest = ", ".join(f"{name} {value}" for name, value in about.items() if name not in controls)
    return f"task {challenge.task} ({unit}), {rest}, seeds {', '.join(map(str, seeds))}"
