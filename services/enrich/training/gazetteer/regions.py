"""Places that GeoNames' extract lacks: states and provinces with a point, more country names.

Compiled by hand from common knowledge; points are to about half a degree.
"""

from __future__ import annotations

# Country, then names and points of its first-order divisions and well-known regions.
REGIONS: dict[str, str] = {
    "GB": "England 52.5 -1.5, Scotland 56.8 -4.2, Wales 52.3 -3.7, Northern Ireland 54.6 -6.7",
    "IN": "Andhra Pradesh 15.9 79.7, Arunachal Pradesh 28.2 94.7, Assam 26.2 92.9, "
    "Bihar 25.6 85.1, "
    "Chhattisgarh 21.3 81.9, Gujarat 22.3 71.2, Haryana 29.1 76.1, Himachal Pradesh 31.1 77.2, "
    "Jharkhand 23.6 85.3, Karnataka 15.3 75.7, Kerala 10.9 76.3, Madhya Pradesh 23.0 78.7, "
    "Maharashtra 19.8 75.7, Manipur 24.7 93.9, Meghalaya 25.5 91.4, Mizoram 23.2 92.9, "
    "Nagaland 26.2 94.6, Odisha 20.9 85.1, Orissa 20.9 85.1, Rajasthan 27.0 74.2, "
    "Tamil Nadu 11.1 78.7, Telangana 18.1 79.0, Tripura 23.9 91.9, Uttar Pradesh 26.8 80.9, "
    "Uttarakhand 30.1 79.0, West Bengal 23.0 87.9, Ladakh 34.2 77.6, "
    "Jammu and Kashmir 33.8 76.6, Goa 15.3 74.1",
    "PK": "Balochistan 28.5 65.1, Sindh 25.9 68.5, Khyber Pakhtunkhwa 34.9 72.3",
    "CA": "Alberta 53.9 -116.6, British Columbia 53.7 -127.6, Manitoba 53.8 -98.8, "
    "New Brunswick 46.6 -66.5, Newfoundland 48.6 -56.3, Nova Scotia 44.7 -63.7, "
    "Ontario 50.0 -85.3, Prince Edward Island 46.5 -63.4, Saskatchewan 52.9 -106.5, "
    "Yukon 64.3 -135.0, Nunavut 70.3 -83.1, Northwest Territories 64.8 -124.8",
    "AU": "New South Wales -31.3 146.9, Queensland -20.9 142.7, South Australia -30.0 136.2, "
    "Tasmania -41.5 146.0, Western Australia -27.7 121.6, Northern Territory -19.5 133.0",
    "DE": "Bavaria 48.8 11.5, Saxony 51.1 13.2, Hesse 50.7 9.0, Brandenburg 52.4 13.1, "
    "Lower Saxony 52.6 9.8, North Rhine-Westphalia 51.4 7.7, Thuringia 51.0 10.8",
    "ES": "Catalonia 41.6 1.5, Andalusia 37.5 -4.7, Basque Country 43.0 -2.6, Galicia 42.6 -8.1",
    "IT": "Sicily 37.6 14.0, Tuscany 43.8 11.2, Lombardy 45.5 9.9, Sardinia 40.1 9.0",
    "FR": "Brittany 48.2 -2.9, Normandy 48.9 0.1, Provence 43.9 6.1, Corsica 42.0 9.0",
    "RU": "Chechnya 43.4 45.7, Dagestan 42.1 47.1, Siberia 60.0 95.0, Tatarstan 55.2 50.7, "
    "Ingushetia 43.2 45.0, North Ossetia 43.0 44.2",
    "UA": "Crimea 45.3 34.4, Donbas 48.3 38.3",
    "CN": "Xinjiang 41.1 85.2, Tibet 31.7 86.9, Guangdong 23.4 113.4, Sichuan 30.7 102.7, "
    "Hubei 31.0 112.3, Hunan 27.6 111.7, Henan 33.9 113.5, Yunnan 25.0 101.5, Fujian 26.1 118.0, "
    "Zhejiang 29.2 120.1, Shandong 36.4 118.4, Inner Mongolia 43.4 115.1, Jiangsu 33.0 119.8",
    "PS": "Gaza Strip 31.4 34.4, West Bank 31.9 35.3",
    "IQ": "Kurdistan 36.2 44.0, Anbar 32.9 41.6",
    "TZ": "Zanzibar -6.2 39.3",
    "SD": "Darfur 13.5 24.5",
    "ET": "Tigray 14.0 38.8, Oromia 8.0 38.9, Amhara 11.7 38.0",
    "ID": "Java -7.3 110.0, Sumatra -0.6 101.3, Bali -8.4 115.1, Aceh 4.2 96.9, Papua -4.3 138.1",
    "PH": "Mindanao 7.9 124.9, Luzon 16.0 121.0",
    "MY": "Sabah 5.4 116.9, Sarawak 2.9 113.1",
    "MM": "Rakhine 20.1 93.6, Shan State 21.5 98.0",
    "ZA": "Gauteng -26.1 28.2, KwaZulu-Natal -28.8 30.9, Western Cape -33.2 21.9, "
    "Eastern Cape -32.0 26.4, Limpopo -23.8 29.5, Mpumalanga -25.6 30.5",
    "NG": "Borno 11.8 13.0, Rivers State 4.8 6.9, Niger Delta 5.3 6.2",
    "CD": "North Kivu -0.8 29.0, South Kivu -3.0 28.3",
}
# A country's other names in the news.
COUNTRY_NAMES: dict[str, str] = {
    "US": "United States of America, US, USA, America",
    "GB": "UK, Britain, Great Britain, United Kingdom of Great Britain and Northern Ireland",
    "AE": "UAE, Emirates",
    "CD": "DRC, DR Congo, Democratic Republic of Congo, Congo-Kinshasa, "
    "Democratic Republic of the Congo",
    "CG": "Republic of Congo, Congo-Brazzaville, Republic of the Congo",
    "KP": "DPRK, Democratic People's Republic of Korea",
    "KR": "ROK, Republic of Korea",
    "CN": "PRC, People's Republic of China",
    "MM": "Burma, Myanmar",
    "CI": "Ivory Coast, Cote d'Ivoire",
    "CZ": "Czech Republic, Czechia",
    "NL": "Netherlands, The Netherlands, Holland",
    "MK": "Macedonia, North Macedonia",
    "SZ": "Swaziland, Eswatini",
    "CV": "Cape Verde, Cabo Verde",
    "TL": "East Timor, Timor-Leste",
    "PS": "Palestine, Palestinian Territories, occupied Palestinian territories",
    "RU": "Russian Federation",
    "IR": "Islamic Republic of Iran",
    "SY": "Syrian Arab Republic",
    "VA": "Vatican, Holy See, Vatican City",
    "TR": "Turkey, Turkiye, Türkiye",
    "BA": "Bosnia, Bosnia-Herzegovina, Bosnia and Herzegovina",
    "TT": "Trinidad, Trinidad and Tobago",
    "KN": "St Kitts and Nevis",
    "LC": "St Lucia",
    "VC": "St Vincent and the Grenadines",
    "AG": "Antigua, Antigua and Barbuda",
    "BS": "Bahamas",
    "GM": "Gambia, The Gambia",
    "PG": "Papua New Guinea, PNG",
    "LA": "Laos",
    "IE": "Republic of Ireland",
}
# Cities' names that GeoNames' extract does not have as newspapers write them.
CITY_NAMES: dict[tuple[str, str], str] = {
    ("US", "New York City"): "New York",
    ("US", "Washington"): "Washington DC, Washington D.C., Washington",
    ("UA", "Kyiv"): "Kiev",
    ("IN", "Delhi"): "New Delhi",
    ("MX", "Mexico City"): "Mexico City",
    ("NL", "The Hague"): "Hague",
    ("PS", "Gaza"): "Gaza, Gaza City",
}
# The middle of countries whose towns are far from evenly spread.
MIDDLES: dict[str, tuple[float, float]] = {
    "RU": (61.5, 105.3),
    "CA": (56.1, -106.3),
    "US": (39.8, -98.6),
    "CN": (35.9, 104.2),
    "BR": (-14.2, -51.9),
    "AU": (-25.3, 133.8),
    "KZ": (48.0, 66.9),
    "AR": (-38.4, -63.6),
    "DZ": (28.0, 1.7),
    "LY": (26.3, 17.2),
    "SA": (23.9, 45.1),
    "EG": (26.8, 30.8),
    "CL": (-35.7, -71.5),
    "GL": (71.7, -42.6),
    "FR": (46.2, 2.2),
    "GB": (54.0, -2.5),
    "NO": (61.5, 9.0),
    "SE": (62.2, 15.6),
    "FI": (63.0, 26.0),
    "NZ": (-41.0, 174.0),
    "JP": (36.2, 138.3),
    "ID": (-2.5, 118.0),
    "IN": (21.0, 78.5),
}
