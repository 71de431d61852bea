"""The papers of the question-answering tasks, by the name of the task, as BibTeX for the card of a distillation."""


def _entry(key: str, kind: str, title: str, author: str, year: int, url: str, **more: str) -> str:
    """A BibTeX entry; `more` are the fields that only some have, such as `booktitle`."""
    fields = {"title": title, "author": author, **more, "year": str(year), "url": url}
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items()]
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}"


def _arxiv(key: str, title: str, author: str, year: int, number: str, **more: str) -> str:
    kind = "inproceedings" if "booktitle" in more else "article" if "journal" in more else "misc"
    return _entry(key, kind, title, author, year, f"https://arxiv.org/abs/{number}", **more)


_ARC = _arxiv(
    "clark2018think",
    "Think you have Solved Question Answering? Try {ARC}, the {AI2} Reasoning Challenge",
    "Clark, Peter and Cowhey, Isaac and Etzioni, Oren and Khot, Tushar and Sabharwal, Ashish and Schoenick, Carissa "
    "and Tafjord, Oyvind",
    2018,
    "1803.05457",
)
_SUPERGLUE = _arxiv(
    "wang2019superglue",
    "{SuperGLUE}: A Stickier Benchmark for General-Purpose Language Understanding Systems",
    "Wang, Alex and Pruksachatkun, Yada and Nangia, Nikita and Singh, Amanpreet and Michael, Julian and Hill, Felix "
    "and Levy, Omer and Bowman, Samuel R.",
    2019,
    "1905.00537",
    booktitle="Advances in Neural Information Processing Systems",
)
_SENTEVAL = _entry(
    "conneau2018senteval",
    "inproceedings",
    "{SentEval}: An Evaluation Toolkit for Universal Sentence Representations",
    "Conneau, Alexis and Kiela, Douwe",
    2018,
    "https://aclanthology.org/L18-1269/",
    booktitle="LREC",
)

# QQP was released without a paper.
PAPERS: dict[str, tuple[str, ...]] = {
    "gsm8k": (
        _arxiv(
            "cobbe2021training",
            "Training Verifiers to Solve Math Word Problems",
            "Cobbe, Karl and Kosaraju, Vineet and Bavarian, Mohammad and Chen, Mark and Jun, Heewoo and Kaiser, "
            "Lukasz and Plappert, Matthias and Tworek, Jerry and Hilton, Jacob and Nakano, Reiichiro and Hesse, "
            "Christopher and Schulman, John",
            2021,
            "2110.14168",
        ),
    ),
    "svamp": (
        _arxiv(
            "patel2021are",
            "Are {NLP} Models really able to Solve Simple Math Word Problems?",
            "Patel, Arkil and Bhattamishra, Satwik and Goyal, Navin",
            2021,
            "2103.07191",
            booktitle="NAACL",
        ),
    ),
    "asdiv": (
        _arxiv(
            "miao2020diverse",
            "A Diverse Corpus for Evaluating and Developing {English} Math Word Problem Solvers",
            "Miao, Shen-yun and Liang, Chao-Chun and Su, Keh-Yih",
            2020,
            "2106.15772",
            booktitle="ACL",
        ),
    ),
    "multiarith": (
        _arxiv(
            "roy2015solving",
            "Solving General Arithmetic Word Problems",
            "Roy, Subhro and Roth, Dan",
            2015,
            "1608.01413",
            booktitle="EMNLP",
        ),
    ),
    "arc_easy": (_ARC,),
    "arc_challenge": (_ARC,),
    "commonsenseqa": (
        _arxiv(
            "talmor2019commonsenseqa",
            "{CommonsenseQA}: A Question Answering Challenge Targeting Commonsense Knowledge",
            "Talmor, Alon and Herzig, Jonathan and Lourie, Nicholas and Berant, Jonathan",
            2019,
            "1811.00937",
            booktitle="NAACL",
        ),
    ),
    "creak": (
        _arxiv(
            "onoe2021creak",
            "{CREAK}: A Dataset for Commonsense Reasoning over Entity Knowledge",
            "Onoe, Yasumasa and Zhang, Michael J.Q. and Choi, Eunsol and Durrett, Greg",
            2021,
            "2109.01653",
        ),
    ),
    "strategyqa": (
        _arxiv(
            "geva2021did",
            "Did {Aristotle} Use a Laptop? A Question Answering Benchmark with Implicit Reasoning Strategies",
            "Geva, Mor and Khashabi, Daniel and Segal, Elad and Khot, Tushar and Roth, Dan and Berant, Jonathan",
            2021,
            "2101.02235",
            journal="Transactions of the Association for Computational Linguistics",
        ),
    ),
    "quarel": (
        _arxiv(
            "tafjord2019quarel",
            "{QuaRel}: A Dataset and Models for Answering Questions about Qualitative Relationships",
            "Tafjord, Oyvind and Clark, Peter and Gardner, Matt and Yih, Wen-tau and Sabharwal, Ashish",
            2019,
            "1811.08048",
            booktitle="AAAI",
        ),
    ),
    "openbookqa": (
        _arxiv(
            "mihaylov2018can",
            "Can a Suit of Armor Conduct Electricity? A New Dataset for Open Book Question Answering",
            "Mihaylov, Todor and Clark, Peter and Khot, Tushar and Sabharwal, Ashish",
            2018,
            "1809.02789",
            booktitle="EMNLP",
        ),
    ),
    "numersense": (
        _arxiv(
            "lin2020birds",
            "Birds have four legs?! {NumerSense}: Probing Numerical Commonsense Knowledge of Pre-trained Language "
            "Models",
            "Lin, Bill Yuchen and Lee, Seyeon and Khanna, Rahul and Ren, Xiang",
            2020,
            "2005.00683",
            booktitle="EMNLP",
        ),
    ),
    "qasc": (
        _arxiv(
            "khot2020qasc",
            "{QASC}: A Dataset for Question Answering via Sentence Composition",
            "Khot, Tushar and Clark, Peter and Guerquin, Michal and Jansen, Peter and Sabharwal, Ashish",
            2020,
            "1910.11473",
            booktitle="AAAI",
        ),
    ),
    "paws": (
        _arxiv(
            "zhang2019paws",
            "{PAWS}: Paraphrase Adversaries from Word Scrambling",
            "Zhang, Yuan and Baldridge, Jason and He, Luheng",
            2019,
            "1904.01130",
            booktitle="NAACL",
        ),
    ),
    "anli": (
        _arxiv(
            "nie2020adversarial",
            "Adversarial {NLI}: A New Benchmark for Natural Language Understanding",
            "Nie, Yixin and Williams, Adina and Dinan, Emily and Bansal, Mohit and Weston, Jason and Kiela, Douwe",
            2020,
            "1910.14599",
            booktitle="ACL",
        ),
    ),
    "commitmentbank": (
        _entry(
            "demarneffe2019commitmentbank",
            "inproceedings",
            "The {CommitmentBank}: Investigating projection in naturally occurring discourse",
            "de Marneffe, Marie-Catherine and Simons, Mandy and Tonhauser, Judith",
            2019,
            "https://github.com/mcdm/CommitmentBank",
            booktitle="Proceedings of Sinn und Bedeutung 23",
        ),
        _SUPERGLUE,
    ),
    "wic": (
        _arxiv(
            "pilehvar2019wic",
            "{WiC}: the Word-in-Context Dataset for Evaluating Context-Sensitive Meaning Representations",
            "Pilehvar, Mohammad Taher and Camacho-Collados, Jose",
            2019,
            "1808.09121",
            booktitle="NAACL",
        ),
    ),
    "winogrande": (
        _arxiv(
            "sakaguchi2020winogrande",
            "{WinoGrande}: An Adversarial {Winograd} Schema Challenge at Scale",
            "Sakaguchi, Keisuke and Le Bras, Ronan and Bhagavatula, Chandra and Choi, Yejin",
            2020,
            "1907.10641",
            booktitle="AAAI",
        ),
    ),
    "subj": (
        _entry(
            "pang2004sentimental",
            "inproceedings",
            "A Sentimental Education: Sentiment Analysis Using Subjectivity Summarization Based on Minimum Cuts",
            "Pang, Bo and Lee, Lillian",
            2004,
            "https://aclanthology.org/P04-1035/",
            booktitle="ACL",
        ),
    ),
    "coin_flip": (
        _arxiv(
            "wei2022chain",
            "Chain-of-Thought Prompting Elicits Reasoning in Large Language Models",
            "Wei, Jason and Wang, Xuezhi and Schuurmans, Dale and Bosma, Maarten and Ichter, Brian and Xia, Fei and "
            "Chi, Ed and Le, Quoc and Zhou, Denny",
            2022,
            "2201.11903",
            booktitle="Advances in Neural Information Processing Systems",
        ),
    ),
    "trec": (
        _entry(
            "li2002learning",
            "inproceedings",
            "Learning Question Classifiers",
            "Li, Xin and Roth, Dan",
            2002,
            "https://aclanthology.org/C02-1150/",
            booktitle="COLING",
        ),
    ),
    "agnews": (
        _arxiv(
            "zhang2015character",
            "Character-level Convolutional Networks for Text Classification",
            "Zhang, Xiang and Zhao, Junbo and LeCun, Yann",
            2015,
            "1509.01626",
            booktitle="Advances in Neural Information Processing Systems",
        ),
    ),
    "sst2": (
        _entry(
            "socher2013recursive",
            "inproceedings",
            "Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank",
            "Socher, Richard and Perelygin, Alex and Wu, Jean and Chuang, Jason and Manning, Christopher D. and Ng, "
            "Andrew and Potts, Christopher",
            2013,
            "https://aclanthology.org/D13-1170/",
            booktitle="EMNLP",
        ),
    ),
    "cr": (
        _entry(
            "hu2004mining",
            "inproceedings",
            "Mining and Summarizing Customer Reviews",
            "Hu, Minqing and Liu, Bing",
            2004,
            "https://doi.org/10.1145/1014052.1014073",
            booktitle="KDD",
        ),
        _SENTEVAL,
    ),
}
