"""Every word and symbol of the app and the lessons: its meaning in one sentence, its equation, where the paper has it.

Places are those of Nested Learning (arXiv 2512.24695v1).
"""

from dataclasses import dataclass

from nested_core.config import check


@dataclass(frozen=True)
class Term:
    """symbol and equation: LaTeX without dollars, empty where there is none."""

    name: str
    meaning: str
    symbol: str = ""
    equation: str = ""
    paper: str = ""


TERMS = (
    Term("ablation", "Taking one part away to see what it did."),
    Term("accuracy", "The share of test samples that are answered right; guessing among ten digits gives 10 %."),
    Term("activation", "A number that a layer passes on to the next.", r"x"),
    Term(
        "Adam",
        "Momentum divided by the usual size of each gradient.",
        "",
        r"W \leftarrow W - \eta\, m / \sqrt{v}",
        "section 4.2",
    ),
    Term(
        "associative memory",
        "Anything that maps keys to values and can be written; the paper sees all learning as this.",
        r"M",
        r"M^* = \arg\min_M \sum_t \mathcal{L}(M(k_t), v_t)",
        "Definition 1, section 3.1",
    ),
    Term(
        "attention",
        "A memory that keeps all pairs and answers with a mean weighted by likeness to the question.",
        "",
        r"\sum_i \mathrm{softmax}(q^\top k_i/\sqrt d)\, v_i",
        "equations 62, 63",
    ),
    Term("backend", "Which form of a computation ran: a plain loop, in chunks, or a kernel on a GPU."),
    Term("band", "The range of a curve over several seeds, drawn around their mean."),
    Term("baseline", "What a method is compared with; here of equal size, on the same data, at its own best rate."),
    Term("batch", "The samples of one step: 32 images, or 16 stretches of text."),
    Term(
        "beta",
        "The part of a momentum that stays from one step to the next.",
        r"\beta",
        r"m \leftarrow \beta m + g",
        "equation 33",
    ),
    Term(
        "bits per character",
        "How surprised a model is by the next character, on average; lower is better, guessing about 6.",
        "",
        r"-\log_2 p(x_{t+1} \mid x_{\le t})",
    ),
    Term("bootstrap interval", "A range for a mean found by drawing the seeds again and again; here it covers 95 %."),
    Term(
        "catastrophic forgetting",
        "Losing what was learned before because the same weights are written anew.",
        paper="section 1",
    ),
    Term(
        "chunk",
        "A stretch of tokens whose writes are computed together, with the memory as it was at its start.",
        "C",
        paper="section 8.2",
    ),
    Term("clock", "When a memory writes: every C steps, for its period C.", "", r"t \bmod C = 0", "Definition 2"),
    Term("context flow", "The stream of data that one level of a nested system learns from.", paper="section 3.2"),
    Term(
        "continuum memory system",
        "Several memories on a spectrum of clocks in place of one short and one long.",
        r"\mathrm{CMS}",
        r"y = \mathrm{MLP}^{(f_k)}(\dots \mathrm{MLP}^{(f_1)}(x))",
        "equations 70-74, section 7.1",
    ),
    Term(
        "damping", "How much a least-squares memory holds back at first; smaller protects old inputs more.", r"\lambda"
    ),
    Term(
        "delta gradient descent",
        "Gradient descent that first erases what the weights answer to the present input.",
        r"\mathrm{DGD}",
        r"W \leftarrow W(I - \eta x x^\top) - \eta \nabla L",
        "equations 55-57, section 4.5",
    ),
    Term(
        "delta rule",
        "Write only the error: what should be answered minus what is answered.",
        "",
        r"M \leftarrow M + \eta (v - M k) k^\top",
        "equation 65",
    ),
    Term("divergence", "Training in which numbers grow beyond all bounds; the step is then left out and reported."),
    Term("dwell", "Steps of one visit to a task."),
    Term("eta", "Write strength: how much of an error one write puts right.", r"\eta", paper="equation 88"),
    Term("forgetting", "The best score that a task ever had minus its score at the end; larger is worse."),
    Term("fork", "A run told again from one of its steps on, with other levels; up to there both are the same."),
    Term("ghost", "What was before, or what was predicted, drawn behind or over what was measured."),
    Term("gradient", "The direction in which the error grows fastest; training steps the other way.", r"\nabla L"),
    Term(
        "Hebbian rule",
        "Write by adding value times key, without asking what is there.",
        "",
        r"M \leftarrow M + \eta\, v k^\top",
        "equation 64",
    ),
    Term("held-out", "Of samples that are never trained on, and so fit for testing."),
    Term(
        "Hope",
        "The paper's architecture: a self-modifying Titans memory followed by a continuum memory system.",
        paper="equations 94-97, section 8",
    ),
    Term("in-context memory", "A memory that is written while a sequence is read, and empty again at the next one."),
    Term(
        "initial state",
        "What a fast memory starts from; a slower level may hold it and hand it back.",
        r"\theta_0",
        paper="equation 72",
    ),
    Term("kernel", "A program for a GPU; here one that keeps a memory on the chip for a whole sequence."),
    Term("key", "What a memory is asked with: a list of numbers, here of length one.", "k"),
    Term("learning rate", "How far one step moves the weights.", r"\eta"),
    Term(
        "least-squares memory",
        "A memory of which input directions are in use, so that writes can keep out of them.",
        "P",
        r"P = \Big(I + \tfrac{1}{\lambda} \sum x x^\top\Big)^{-1}",
        "equations 38-41; orthogonal weight modification",
    ),
    Term(
        "level",
        "One memory of a nested system, with its clock; we call it by its period, such as every 8.",
        paper="Definition 2; there a higher level is slower",
    ),
    Term("level asked alone", "The answer that one memory would give without the others."),
    Term(
        "level stacking",
        "Making levels of the layers of a trained network, to be written while it is used.",
        "",
        r"\mathrm{MLP}^{(f_i)}_0 := \mathrm{MLP}_{\mathrm{pretrained},\,i}",
        "section 7.3",
    ),
    Term("linear attention", "Attention with its pairs added up in one matrix: a Hebbian memory.", paper="equation 5"),
    Term("M3", "Multi-scale momentum Muon: two gradient memories on two clocks.", r"\mathrm{M3}", "", "section 7.2"),
    Term(
        "meta-learning", "Learning how to learn: a slower loop sets what a faster loop starts from, or how it writes."
    ),
    Term(
        "momentum",
        "A running sum of past gradients, in which old ones fade.",
        "m",
        r"m \leftarrow \beta m + g",
        "equation 33, section 4.2",
    ),
    Term("multiply-adds", "Multiplications with additions that one answer takes: a measure of computing cost."),
    Term(
        "Muon",
        "An optimizer that makes all directions of a momentum equally long before it steps.",
        "",
        r"W \leftarrow W - \eta\, \mathrm{NS}(m)",
        "section 4.4",
    ),
    Term(
        "nested learning",
        "Seeing a model and its training as loops inside loops, each a memory with its own clock.",
        paper="section 3",
    ),
    Term("online score", "The score on each batch before it is learned from: how well one does while learning."),
    Term(
        "optimizer", "What turns gradients into steps; in this view itself a memory, of gradients.", paper="section 4"
    ),
    Term(
        "outer product",
        "A matrix made of two lists: every entry of one times every entry of the other.",
        "",
        r"v k^\top",
    ),
    Term(
        "overlap",
        "The product of two keys of length one: 1 when they agree, 0 when they are orthogonal.",
        "",
        r"k_1^\top k_2",
    ),
    Term("parameter", "A number in the model that training changes; a weight.", r"\theta"),
    Term("parity", "Equal conditions in a comparison: weights, samples, updates, trials of tuning."),
    Term(
        "period",
        "Steps between two writes of a memory.",
        "C",
        r"\lfloor T / C \rfloor \text{ writes in } T",
        "equation 71",
    ),
    Term("probe", "A test on held-out data in the middle of a run; nothing is learned from it."),
    Term("raster", "The picture of which memory wrote when: one row a memory, one tick a write."),
    Term("recurrence", "A rule that makes each state of a memory from the one before it.", "", "", "equation 65"),
    Term("replay", "Keeping samples of old tasks and showing them again among the new."),
    Term(
        "retention",
        "The part of a memory that stays at each step; the rest fades.",
        r"\alpha",
        r"M \leftarrow \alpha M + \dots",
        "equation 92",
    ),
    Term("sample", "One image, or one character of a text."),
    Term("seed", "The number from which all chance of a run is drawn; the same seed gives the same run."),
    Term(
        "self-modifying",
        "Of a memory that generates its own values, write strength and retention.",
        r"\hat v_t",
        r"\hat v_t = M_t(v_t)",
        "equations 83-93, section 8.1",
    ),
    Term("single loop", "A learner with one clock and one optimizer: the usual way to train."),
    Term("state", "The numbers that optimizers and memories keep beside the weights; they count as a cost too."),
    Term("step", "One batch read, one chance to write for every memory.", "t"),
    Term("stream", "The samples in the order in which they arrive, one task after another."),
    Term("surprise", "The size of the error behind a write: how wrong the memory was.", "", r"\lVert v - M k \rVert"),
    Term("task", "What the stream shows for a while, such as five of ten digits; the learner is never told which."),
    Term(
        "Titans",
        "A memory written at every token by gradient descent with momentum and fading.",
        paper="section 8.1; Behrouz et al. 2024",
    ),
    Term("token", "One symbol of a sequence; here one character."),
    Term("trade-off", "When two wishes pull against each other: more of the one is less of the other."),
    Term(
        "transfer",
        "How knowledge passes between levels: by the initial state, by the input, by the gradient.",
        paper="section 3.3",
    ),
    Term(
        "update frequency", "How often a memory writes: the inverse of its period.", "f", r"f = 1 / C", "Definition 2"
    ),
    Term("value", "What a memory should answer for a key.", "v"),
    Term("weight", "A number in the model that training changes.", "W"),
)

_BY_NAME = {term.name.lower(): term for term in TERMS}


def find(name: str) -> Term:
    """The term of this name; ConfigError if the glossary lacks it."""
    check(name.lower() in _BY_NAME, "term", name, "add it to lessons/glossary.py")
    return _BY_NAME[name.lower()]
