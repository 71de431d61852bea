"""Made-up names, titles, dates and places of every shape that 2WikiMultiHopQA has, drawn at random."""

from random import Random

GIVEN_LINE = (
    "Anna Émile Søren Mary-Ann J. A. Józef O'Dell Wei Ángel Þóra Jean-Luc Abdul Ng D'Arcy Yüksel Rosa Will May April "
    "June Frank Mark Bill Grace Prince König Lars Q. Chi Ivo Zhang Grete Luís Eva Peter"
)
GIVEN = GIVEN_LINE.split()
FAMILY_LINE = (
    "Brand|O'Hara|von Thale|de la Cruz|Smith|Łukasz|D'Estrées|Smith-Jones|al-Hakim|McKay|Müller|Nguyễn|Ó Briain|"
    "First|Young|Long|Older|Born|March|August|Day|House|Hollis|Holliston|Boring|Field|Wood|England|French|"
    "Österberg|St. John|van der Meer|de' Rossi|Li|Oz|Yu|London|Paris"
)
FAMILY = FAMILY_LINE.split("|")
TAILS = ("", "", "", "", "", " Jr.", ", Jr.", " III", ", 8th Earl of Marr", ", Duke of Este", " of Thale", " the Small")
NICKNAMES = ("Bud", "Ol' Dirty", "Lotta", "The First")
BRACKETS = ("director", "actor", "producer", "film director", "born 1950", "1180–1227", "politician", "son of Ivo")
WORDS_LINE = (
    "Day Night Last First Born Before After Older Younger Later Longer Short House Director Country Nationality Father "
    "Mother Wife Husband Son Daughter Death Birth Award Film Song Same Both River Street Sun Élan Straße Ночь 1984 300 "
    "9 XIII 8½ Who What Where When Are Is Was Did Have Do Composer Brother Sister Child Which Year 2nd Studied Worked"
)
WORDS = WORDS_LINE.split()
LITTLE = ("of", "the", "and", "or", "in", "from", "to", "for", "on", "with", "before")
WHOLE_LINE = (
    "Who's Your Pilot?|Are We There Yet?|Is Anybody Home?|Was It You or Me?|When Harry Slept|Death of a Clerk|"
    "Birth of the Blues|Do, or Do Not|Goodbye, Calloway|México, México, ra, ra|Part 2: The End|THE END|M|It|Her|"
    '"Crocodile" Reed|The "North" trilogy|(500) Days of May|Face/Off|$9.99|*batteries*|L\'affaire Brandt|1917|'
    "Mr. and Mrs. Bear|First or Last|Born First|The Day After|Father and Son|Mother's Day|The Director's Wife|"
    "Who Was Born First?|Which Country?|What Nationality|Where the Father Died|This; Myth; Dream|Yes|No|Or|And|"
    "The Same Country|Both|Joe + Belle|A.I.|Dr. No|Mrs. Who|U.S. & Them|Nine to Five – Part 3|3:10|The Song|Song|"
    "Longer|Heat|Heat Wave|Wave Heat|The Heat|Bridge to Nowhere, Ohio|Hello!|Stop? Go!|So?|Come and See|Why Not?"
)
WHOLE = WHOLE_LINE.split("|")
PLACES_LINE = (
    "Brackwater|Hollis|Holliston|Lake House, Devon|Sankt Aldo|Villarreja de la Sierra|Ōmori|New Ross, Ohio|"
    "Bø i Nordland|Mülheim an der Lahn|Aix|San José|Paris, Texas|Oak Park, Illinois|Wrocław|Krems (Donau)|St. Ives"
)
PLACES = PLACES_LINE.split("|")
SCHOOLS_LINE = (
    "House of Art|University of Thale|Larkhill Abbey School|St. Brannock's College|École Normale|Royal Academy, Marr|"
    "Kellog College, Cambridge"
)
SCHOOLS = SCHOOLS_LINE.split("|")
AWARDS = ("Order of the Oak", "Golden Reel", "Padma Star", "Order of St. Anna, 3rd class")
CAUSES = ("pneumonia", "heart failure", "a stroke", "traffic collision")
NATIONS = {  # a country, its people's word
    "Norway": "Norwegian",
    "France": "French",
    "Japan": "Japanese",
    "United States": "American",
    "Ghana": "Ghanaian",
    "United Kingdom": "British",
    "Iraq": "Iraqi",
    "Argentina": "Argentine",
    "Peru": "Peruvian",
    "China": "Chinese",
    "Netherlands": "Dutch",
    "Soviet Union": "Soviet",
    "Cyprus": "Cypriot",
    "Oman": "Omani",
    "Afghanistan": "Afghan",
    "New Zealand": "New Zealand",
    "Poland": "Polish",
    "Philippines": "Filipino",
    "Guinea": "Guinean",
    "Kuwait": "Kuwaiti",
    "Thailand": "Thai",
    "Ottoman Empire": "Ottoman",
    "East Germany": "East German",
}
MONTHS_LINE = "January February March April May June July August September October November December"
MONTHS = MONTHS_LINE.split()


def person(rng: Random) -> str:
    given = " ".join(rng.sample(GIVEN, rng.choice((1, 1, 1, 2))))
    name = rng.choice(GIVEN) if rng.random() < 0.04 else f"{given} {rng.choice(FAMILY)}{rng.choice(TAILS)}"
    return f"{name} ({rng.choice(BRACKETS)})" if rng.random() < 0.12 else name


def title(rng: Random) -> str:
    """The title of a film, song, magazine ... with whatever words a question might ask with."""
    if rng.random() < 0.25:
        name = rng.choice(WHOLE)
    else:
        words = [rng.choice(WORDS)]
        for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4))):
            words += [rng.choice(LITTLE), rng.choice(WORDS)] if rng.random() < 0.5 else [rng.choice(WORDS)]
        name = " ".join(words)
        if rng.random() < 0.1:
            name += rng.choice((", ", ": ", " – ", "; ", " & ")) + rng.choice(WORDS)
        if rng.random() < 0.05:
            name += rng.choice("?!.")
    if rng.random() < 0.2:
        name += rng.choice((" (film)", f" ({rng.randint(1900, 2019)} film)", " (song)", " (TV series)", " (novel)"))
    return name


def day(rng: Random, low: int = 1200, high: int = 2015) -> tuple[int, int, int]:
    """Year, month and day."""
    return rng.randint(low, high), rng.randint(1, 12), rng.randint(1, 28)


def date(rng: Random, day: tuple[int, int, int]) -> str:
    """A date as evidences write it."""
    year, month, number = day
    forms = [f"{number} {MONTHS[month - 1]} {year}", f"{MONTHS[month - 1]} {number}, {year}"] * 4
    return rng.choice([*forms, f"{MONTHS[month - 1]} {year}", f"{year}", f"{number} {MONTHS[month - 1][:3]} {year}"])


def lived(rng: Random, born: str, died: str) -> str:
    """A life in brackets, with the marks and the missing spaces of the source."""
    forms = (
        "({b} – {d})",
        "({b}– {d})",
        "( {b} – {d})",
        "({b} - {d})",
        "({b}{d})",
        "(born {b}; died {d})",
        "({b} in Aix – {d})",
        "({b} – {d} in Rome)",
        "(* {b}; † {d})",
        "(b. {b}, d. {d})",
        "({b}–{d})",
        "(c. {b} – {d})",
        "; {b} – {d})",
    )
    return rng.choice(forms).format(b=born, d=died)


def born(rng: Random, date: str) -> str:
    return rng.choice(("(born {})", "( born {})", "(b. {})", "(born {} in Aix)", "(*{})", "(born: {},)")).format(date)


def asked(rng: Random, name: str) -> str:
    """A name as questions write it: each word with a capital, also after an apostrophe and a digit."""
    return name.title() if rng.random() < 0.8 else name
