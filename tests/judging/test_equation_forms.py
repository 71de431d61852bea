"""Right texts of many forms that the judge `equations` must not object to, and wrong ones beside them that it must."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judged_rows import row

from synth.judges import equations

FINE = r"""
0.1 + 0.2 = 0.30000000000000004
1.1 * 3 = 3.3000000000000003
66.67 * 3 = 200.00
66.67 * 3 = $200
0.33 * 300 = 100
33% of 90 = 30
33.3 * 30 = 1000
16.67% of 60 = 10
50/7 = 7.14. Then 7.14 * 7 = 50.00
12.35/7 = 1.764 a day, so 1.764 * 52 = 91.74 a year
100 / 3 = 33.3, 33.3 * 6 = 200
12.345 * 6 = 74.08
2 and a half * 3 = 7.5
Danai will also add 20 + 10 decorations to the 29 + 24 decorations already up = 83 total
He ate 3 + 4 apples and 5 + 6 pears = 18 fruits
The sum of 3 + 4 and 5 * 2 = 17
three + 4 = 7
He has three dogs + 4 cats = 7 pets
3 dogs + four cats + 2 = 9 pets
twice as many as 3 + 4 = 14
ten more than 3 * 4 = 22
a third of 30 + 3 = 13
5 less than 3 * 4 = 7
10% off 50 * 2 = 90
10% more than 20 * 5 = 110
2 hours and 30 minutes * 2 = 5 hours
3:45 + 1:30 = 5:15
3:45 pm + 2 hours = 5:45 pm
From 3:45 to 4:15 = 30 minutes
1/2/2020 + 3 days = 1/5/2020
2020-01-05 = 5 January
The ratio 3:4 = 6:8
3:4 = 0.75
3 : 4 = 9 : 12
2x = 10, so x = 5
4 x 3 = 12
4x3 = 12
1.5x = 3
3x + 2x = 5x
1,234 + 5,678 = 6,912
1.234,50 + 1,00 = 1.235,50
1 234 + 766 = 2 000
$1,200.50 - $200.50 = $1,000
$5 + 50 cents = $5.50
50 cents * 3 = $1.50
3 quarters + 2 dimes = 95 cents
4 quarters = $1
5'10" + 2" = 6'
5 feet 10 inches + 2 inches = 6 feet
6 ft = 72 in
10^3 = 1000
2^10 = 1024
2³ = 8
√16 + 1 = 5
5! = 120
C(5,2) = 10
5 choose 2 = 10
|3 - 5| = 2
7 mod 3 = 1
7 % 3 = 1
log2(8) = 3
3.5e3 = 3500
-3 + 5 = 2
-(3 + 5) = -8
3 - -5 = 8
3 + (-5) = -2
(3)(4) = 12
3(4) = 12
3 * 4 = 12 = 6 * 2
3 * 4 = 6 + 6 = 12
3 + 4 = 7 * 2 = 14
5 = 2 + 3
100 - 20% = 80
$100 - 20% = $80
100 + 10% = 110
50% + 25% = 75%
20% of 50% = 10%
1/3 + 1/3 = 2/3
1 1/2 + 2 1/4 = 3 3/4
2 3/4 - 1 = 1 3/4
1/3 = 0.333
1/3 = 33%
1/3 = 33.33%
2/3 = 66.7%
1/6 = 0.1667
1 / 7 = 0.142857
22/7 = 3.14
pi * 2^2 = 12.57
3.14 * 4 = 12.56
3 * 4 ≈ 12.1
10 / 3 ≈ 3.3
10/3 = 3.3 (rounded)
17 * 23 = 400 approximately
17 * 23 = 391, or about 400
19 * 21 = 400 (roughly)
17 / 5 = 3 R 2
17 / 5 = 3 r2
17 ÷ 5 = 3 remainder 2
17/5 = 3 2/5
25 / 4 = 6 1/4
5 * 12 = 60 months = 5 years
60 minutes = 1 hour
2 * 60 = 120 minutes = 2 hours
2.5 hours * 60 = 150 minutes
90 / 60 = 1.5 hours = 1 hour 30 minutes
3 weeks * 7 = 21 days
3 weeks = 21 days
6 feet * 12 = 72 inches
5 km / 2 hours = 2.5 km/h
20 mph * 3 hours = 60 miles
$15/hour * 8 hours = $120
8 hours/day * 5 days/week = 40 hours/week
2 dozen + 6 = 30
2 dozen eggs = 24
1.5 million + 500,000 = 2 million
$2.5k * 2 = $5k
3M + 2M = 5M
12 - 3 * 2 = 6
(12 - 3) * 2 = 18
12 - (3 * 2) = 6
((2 + 3) * 4) - 5 = 15
{2 + 3} * 4 = 20
2 * (3 + 4 = 14
Step 1: 3 + 4 = 7
Step 2 - 3 + 4 = 7
1. 3 + 4 = 7
1) 3 + 4 = 7
(1) 3 + 4 = 7
Q1: 3 + 4 = 7
A1 = 3 + 4 = 7
Day 1: 5 + 3 = 8
Day 2 = 5 + 3 = 8
Total = 5 + 3 = 8
Area = 5 * 3 = 15 m^2
Area = 5 m * 3 m = 15 m²
5 cm x 3 cm x 2 cm = 30 cm^3
V = 2 x 3 x 4 = 24
n = 5 * 3 + 2 = 17
f(2) = 2 * 3 + 1 = 7
x_1 = 3 + 4 = 7
x1 + x2 = 7
a1 = 2 + 3 = 5
3a + 2a = 5a
10 = 2 * x
y - 3 = 4
3 of the 4 + 2 = 6
2 of 5 + 3 of 5 = 5 of 5
2/5 + 1/5 = 3/5 of the class
1/5 of the 30 students = 6 students
3/4 * 20 students = 15 students
30 students * 40% = 12 students
40% of the 30 students = 12
40% * 30 = 12
0.4 * 30 = 12
100% - 40% = 60%
30 - 40% of 30 = 18
He paid $20 - $5 coupon = $15
The $20 bill - $5 = $15
20$ - 5$ = 15$
€20 + €5 = €25
20 € + 5 € = 25 €
20 EUR + 5 EUR = 25 EUR
₹500 + ₹250 = ₹750
£3.50 * 2 = £7
5 lbs * 16 = 80 oz
5 pounds * $3 = $15
4 people * 3 slices each = 12 slices
4 people times 3 slices each is equal to 12 slices
six times 7 = 42
6 times seven = 42
He has 5 more, so 3 + 5 = 8
In 2020 - 5 = 2015 he was born
born in 1990 + 30 = 2020
2020-1990 = 30
ages 5-10 = 6 years
pages 10-20 = 11 pages
5-3=2
5–3=2
5 − 3 = 2
10 ÷ 2 = 5
10 / 2 / 5 = 1
12 / 3 * 2 = 8
12 / (3 * 2) = 2
2 + 2 == 4
2 + 2 === 4
3 + 4 != 8
3 + 4 <> 8
3 + 4 <= 8
3 + 4 ≠ 8
3 * 4 -> 12
if 3 + 4 = 8 were true
3 + 4 = 8 is wrong
3 + 4 is not equal to 8
3 + 4 = x
3 + _ = 7
3 + ? = 7
5 + 3 = 8, 8 + 2 = 10, 10 + 1 = 11
5 + 3 = 8; 8 * 2 = 16
5 + 3 = 8 and 8 * 2 = 16
5 + 3 = 8 so 8 - 1 = 7
| 3 * 4 | = | 12 |
\[ 3 \times 4 = 12 \]
\( \frac{3}{4} \times 8 = 6 \)
$3 \times 4 = 12$
$\frac{1}{2} + \frac{1}{3} = \frac{5}{6}$
\frac{10}{3} = 3\frac{1}{3}
3\frac{1}{2} \times 2 = 7
\sqrt{16} + 2 = 6
2\pi r = 2 * 3.14 * 5 = 31.4
10\% \times 50 = 5
\$5 + \$3 = \$8
3{,}000 + 500 = 3{,}500
3 \cdot 4 = 12
3 &= 1 + 2 \\ &= 3
&= 3 + 4 \\ &= 7
= 3 + 4 = 7
5 + 3
= 8
12 * 3 =
36
4 hours 30 minutes - 1 hour 15 minutes = 3 hours 15 minutes
1 hr 30 min + 45 min = 2 hr 15 min
2 hours + 30 minutes = 2.5 hours
7 pm + 3 hours = 10 pm
10 am + 5 hours = 3 pm
11 + 3 = 2 o'clock
11:00 + 3 hours = 2:00
20°C + 5°C = 25°C
20 °C - 30 °C = -10 °C
5 kg - 200 g = 4.8 kg
1 kg = 1000 g
1 m + 50 cm = 1.5 m
3 gallons + 2 quarts = 14 quarts
5 nickels * 5 = 25 cents
5 nickels = $0.25
10 dimes + 4 quarters = $2
2 adults * $10 + 3 kids * $5 = $35
2 adults x $10 = $20 + 3 kids x $5 = $15 = $35
(2 * 10) + (3 * 5) = 20 + 15 = 35
2 * 10 + 3 * 5 = 20 + 15 = 35
60 - 20 - 10 = 40 - 10 = 30
60 - 20 = 40 - 10 = 30
3 * $4.99 = $14.97
$14.97 ~ $15
$4.99 * 3 = $15
7 * 0.15 = 1.05
19.99 * 3 = 59.97
29.99*1.0825 = 32.46
100 * 1.05^2 = 110.25
100 * (1 + 0.05)^2 = 110.25
1000(1.05)^3 = 1157.63
1000 * 1.05 ** 3 = 1157.63
(1/2)^3 = 1/8
0.5^3 = 0.125
1/2^3 = 1/8
2^-1 = 0.5
5 x (3 + 2) = 25
5x(3+2) = 25
(3+2)x5 = 25
5 X 5 = 25
4 by 5 = 20 square feet
4' x 5' = 20 square feet
12" x 2 = 24"
10 ft by 12 ft = 120 sq ft
half an hour * 4 = 2 hours
a quarter of 20 = 5
1.5 times 20 = 30
two-thirds of 30 = 20
one half * 10 = 5
three-quarters of 40 + 2 = 32
1 and 1/2 * 4 = 6
1½ * 4 = 6
3 ½ + 1 ½ = 5
50 + 50% = 75
20 + 30 + ... + 50 = 140
1 + 2 + 3 + ... + 10 = 55
1 + 2 + … + 10 = 55
2, 4, 6 = 12 in total
2, 4 + 6 = 10
1,000,000 / 4 = 250,000
1000000/4 = 250000
1e6 / 4 = 250000
1.2e-3 * 1000 = 1.2
6.02 x 10^23 * 2 = 1.204 x 10^24
3 x 10^4 = 30000
Room 12 + 3 = 15
No. 5 + 3 = 8
#5 + 3 = 8
item 3: 4 * 5 = 20
Bob: 3 + 4 = 7, Ann: 2 * 7 = 14
3+4=7(apples)
3+4=7apples
3 apples+4 apples=7 apples
3 (apples) + 4 (pears) = 7
(3 apples) + (4 pears) = 7
10 (for Mico) + 10 (for Marco) = 20
60/4 = 15 4-packs
24/6 = 4 six-packs
8,000 total steps - 6,000 steps on his school walks and short walks = 2,000 steps
5 + 5 + 5 = 3 * 5 = 15
30/100%1000 = 300 students
4*3=12/2=6
10 - 2*3=4
-5*-3 = 15
+5 + +3 = 8
5 - 8 = -3
5 - 8 = (3)
$5 - $8 = -$3
$5 - $8 = $-3
3.0 + 4.0 = 7
3 + 4.50 = 7.5
.5 + .25 = .75
1.5 * 2 = 3.
007 + 1 = 8
3 + 4 = seven
"""
WRONG = r"""
66.67 * 3 = 210.00
0.33 * 300 = 101
33% of 90 = 31
50/7 = 7.14. Then 7.14 * 7 = 51
100 / 3 = 33.3, 33.3 * 6 = 201
1.1 * 3 = 3.4
12.345 * 6 = 74.27
$4.35 * 3 = $13.15
2 * 10 + 3 * 5 = 20 + 15 = 36
2 adults x $10 = $20 + 3 kids x $5 = $16 = $36
He buys 3 * 4 apples, so 12 + 5 = 18
3 + 4 = 7 and 7 * 2 = 15
24 - 14 = 80 liters of water were left
So he went 3*10=10 miles
60/4 = 12 4-packs
8,000 total steps - 6,000 steps on his school walks and short walks = 2,500 steps
multiply 25 miles per gallon x 12 gallons = 900 miles
17 * 23 = 500 approximately
75 - 50 = 35 plants are not indoor plants
3 * 60 = 080 miles
The total is 3 + 4 = 8
10-5 = 6
\frac{10}{5} = 3
"""


@pytest.mark.parametrize("text", FINE.strip().splitlines())
def test_nothing_is_said_against_a_right_text(text: str) -> None:
    assert equations.judge(row(text)).verdict != "wrong", equations.judge(row(text)).detail


@pytest.mark.parametrize("text", WRONG.strip().splitlines())
def test_a_wrong_one_of_the_same_form_is_found(text: str) -> None:
    assert equations.judge(row(text)).verdict == "wrong"


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(2, 60), st.integers(2, 60), st.integers(2, 4))
def test_a_rounded_result_may_be_used_further(whole: int, below: int, times: int, digits: int) -> None:
    """A quotient that was rounded, multiplied: with the quotient itself, or with the digits that are shown."""
    quotient = round(whole / below, digits)
    for product in (f"{whole / below * times:.2f}", f"{quotient * times:.2f}"):
        text = f"{whole} / {below} = {quotient:.{digits}f}, and {quotient:.{digits}f} * {times} = {product}"
        assert equations.judge(row(text)).verdict == "right", text


@settings(deadline=None)
@given(st.integers(1, 99), st.integers(1, 99), st.integers(1, 99), st.sampled_from(["and", "to the", "eggs plus the"]))
def test_a_sum_that_is_cut_out_of_a_longer_one_is_left_alone(one: int, two: int, three: int, word: str) -> None:
    text = f"She adds {one} + {two} eggs {word} {three} + {one} = {one + two + three + one}"
    assert equations.judge(row(text)).verdict != "wrong"


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_sums_of_floats_as_python_writes_them(one: float, two: float) -> None:
    one, two = round(one, 3), round(two, 3)
    if "e" not in f"{one}{two}{one + two}":
        assert equations.judge(row(f"{one} + {two} = {one + two}")).verdict != "wrong"


def test_thoughts_are_not_judged() -> None:
    assert equations.judge(row("<think>3 + 4 = 8? No.</think>3 + 4 = 7")).verdict == "right"
    assert equations.judge(row("<think>3 + 4 = 8</think>Seven.")).verdict is None
