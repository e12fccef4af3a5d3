import math

import pytest

from services.enrich.nlp.analyzer import TextAnalyzer
from services.enrich.nlp.gazetteer import Gazetteer, Toponym, gazetteer_arrays, toponym_key


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.from_artefacts()


@pytest.mark.parametrize(
    ("places", "country", "latitude", "longitude"),
    [
        (["Paris"], "FR", 48.9, 2.4),
        (["Paris", "Texas"], "US", 33.7, -95.6),
        (["Birmingham"], "GB", 52.5, -1.9),
        (["Birmingham", "Alabama"], "US", 33.5, -86.8),
        (["Washington", "United States"], "US", 38.9, -77.0),
        (["New York"], "US", 40.7, -74.0),
        (["Kiev"], "UA", 50.5, 30.5),
        (["Kyiv"], "UA", 50.5, 30.5),
        (["US"], "US", 39.8, -98.6),
        (["North Korea", "Pyongyang"], "KP", 40.2, 127.2),
        (["Hyderabad", "Pakistan"], "PK", 25.4, 68.4),
        (["Hyderabad", "India"], "IN", 17.4, 78.5),
        (["Scotland"], "GB", 56.8, -4.2),
        (["Córdoba", "Argentina"], "AR", -31.4, -64.2),
        (["The Hague"], "NL", 52.1, 4.3),
    ],
)
def test_a_place_is_where_the_article_means_it(
    gazetteer: Gazetteer, places: list[str], country: str, latitude: float, longitude: float
) -> None:
    found = gazetteer.locate([[name] for name in places])

    assert found is not None
    assert found.country == country
    assert abs(found.latitude - latitude) < 0.2
    assert abs(found.longitude - longitude) < 0.2


@pytest.mark.parametrize("name", ["Springfield", "Hyderabad", "Europe", "Nowhere", "", "Richmond"])
def test_a_name_that_could_be_many_places_or_none_is_left_alone(
    gazetteer: Gazetteer, name: str
) -> None:
    assert gazetteer.locate([[name]]) is None


def test_the_next_place_is_taken_where_the_first_cannot_be_told(gazetteer: Gazetteer) -> None:
    found = gazetteer.locate([["Nowhere"], ["Berlin"]])

    assert found is not None
    assert found.country == "DE"


def test_another_name_of_the_place_will_do(gazetteer: Gazetteer) -> None:
    assert gazetteer.locate([["City of Light", "Paris"]]) == gazetteer.locate([["Paris"]])


def test_names_are_compared_without_case_accents_and_marks() -> None:
    assert toponym_key("the  São-Paulo ’s") == toponym_key("sao paulo s")
    assert toponym_key("U.S.") == toponym_key("US")
    assert toponym_key("…") == ""


def test_packing_loses_nothing() -> None:
    places = [
        Toponym("country", "FR", 0, 46.2, 2.2, 18.0),
        Toponym("city", "US", 7, -33.66, -95.56, 10.12),
    ]

    found = Gazetteer.from_arrays(gazetteer_arrays({"here": [1], "there": [0, 1]}, places))

    assert found.candidates(["nowhere", "There"]) == places
    assert found.candidates(["here"]) == places[1:]


def test_coordinates_are_on_the_globe(gazetteer: Gazetteer) -> None:
    for name in list(gazetteer.rows)[::50]:
        for place in gazetteer.candidates([name]):
            assert -90 <= place.latitude <= 90
            assert -180 <= place.longitude <= 180
            assert len(place.country) == 2
            assert place.people >= math.log(1000) - 0.01


def test_an_article_is_where_its_most_salient_place_is(analyzer: TextAnalyzer) -> None:
    text = "Police in Lyon arrested two men. Lyon is in France. They had come from Italy."

    found = analyzer.analyze("Two held in Lyon", text).location

    assert found is not None
    assert (round(found.latitude), round(found.longitude)) == (46, 5)


def test_a_demonym_is_no_place(analyzer: TextAnalyzer) -> None:
    assert analyzer.analyze(None, "The French minister met German officials.").location is None
