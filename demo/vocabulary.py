"""Names and phrases of the demo data. All names are invented; any resemblance is a coincidence."""

from typing import NamedTuple

# Names in Latin and Hebrew letters.
BUSINESS_NAMES = (
    ("Gazit", "גזית"),
    ("Snunit", "סנונית"),
    ("Almog", "אלמוג"),
    ("Brosh", "ברוש"),
    ("Dukifat", "דוכיפת"),
    ("Ofarim", "עופרים"),
    ("Kalanit", "כלנית"),
    ("Rimon", "רימון"),
    ("Agmon", "אגמון"),
    ("Zarzir", "זרזיר"),
    ("Tirosh", "תירוש"),
    ("Savyon", "סביון"),
    ("Harduf", "הרדוף"),
    ("Bazelet", "בזלת"),
    ("Shaked", "שקד"),
    ("Lotem", "לוטם"),
    ("Ashlag", "אשלג"),
    ("Narkis", "נרקיס"),
    ("Tzukit", "צוקית"),
    ("Yahalom", "יהלום"),
)
BUSINESS_TRADES = (
    ("Formwork", "טפסנות"),
    ("Staffing", "כוח אדם"),
    ("Scaffolding", "פיגומים"),
    ("Finishing", "עבודות גמר"),
    ("Concrete", "בטון"),
    ("Plastering", "טיח"),
    ("Steel", "פלדה"),
    ("Earthworks", "עבודות עפר"),
    ("Tiling", "ריצוף"),
    ("Roofing", "גגות"),
    ("Logistics", "לוגיסטיקה"),
    ("Maintenance", "אחזקה"),
)

# Name, code and address.
SITES = (
    ("Harbour Tower", "HT", "4 Breakwater Road, Haifa"),
    ("מגדל הפרדס", "MP", "רחוב התפוז 12, רחובות"),
    ("Hill Quarter, Building 4", "HQ4", "31 Terrace Street, Jerusalem"),
    ("Sea View Hotel", "SVH", "2 Promenade, Netanya"),
    ("Rail Depot North", "RDN", "Platform Road, Ramla"),
    ("מרפאת האגם", "MA", "שדרות האגם 7, טבריה"),
    ("Orchard School", "OS", "18 Almond Lane, Kfar Saba"),
    ("Old Mill Lofts", "OML", "9 Mill Street, Tel Aviv"),
    ("South Junction", "SJ", "Route 40, Beersheba"),
    ("Cedar Offices", "CO", "55 Industry Avenue, Petah Tikva"),
    ("שכונת הנחל", "SN", "דרך הנחל 3, עפולה"),
    ("Water Works", "WW", "Pumping Station Road, Ashdod"),
    ("Stone Bridge", "SB", "River Park, Hadera"),
    ("Market Hall", "MH", "1 Market Square, Acre"),
    ("Desert Solar Field", "DSF", "Plot 22, Arava"),
    ("קריית הספורט", "KS", "רחוב האצטדיון 1, נתיבות"),
)

HEBREW_FIRST_NAMES = (
    *("אבי", "איתן", "אלון", "אמיר", "בועז", "ברק", "גדי", "גיל", "דוד", "דניאל"),
    *("חיים", "יואב", "יוסי", "יעל", "כרמית", "ליאור", "מאיר", "מיכל", "נדב", "נועה"),
    *("עידו", "עמית", "ענת", "רונן", "רותם", "שירה", "שלומי", "שמעון", "תמר", "תומר"),
)
HEBREW_LAST_NAMES = (
    *(
        "אבירם",
        "אלמוג",
        "ארבל",
        "בן עמי",
        "ברזילי",
        "גבע",
        "גלעד",
        "דגן",
        "הדר",
        "ורדי",
    ),
    *("זמיר", "חורש", "טל", "יערי", "כרמי", "לביא", "מור", "נבו", "סלע", "עוז"),
    *("פלג", "צור", "קדם", "רביב", "שגיא", "שדה", "שחר", "תבור", "אופיר", "גורן"),
)
LATIN_FIRST_NAMES = (
    *("Adrian", "Bogdan", "Chai", "Cristina", "Dao", "Doru", "Elena", "Florin"),
    *("Gabriel", "Ion", "Jomar", "Kasem", "Lucian", "Marius", "Mihai", "Niran"),
    *("Ovidiu", "Pavel", "Petru", "Radu", "Rajan", "Rodel", "Sanjeev", "Somchai"),
    *("Sorin", "Suresh", "Tudor", "Vasile", "Viorel", "Wichai", "Yusuf", "Zoran"),
)
LATIN_LAST_NAMES = (
    *("Albescu", "Balan", "Boonmee", "Cazacu", "Dobrin", "Enache", "Fernandino"),
    *("Grecu", "Ilicea", "Jaidee", "Karkivar", "Lupescu", "Manalang", "Moldovar"),
    *("Nairandi", "Olteanu", "Pandharu", "Petroia", "Rotaru", "Saelim", "Sandulea"),
    *("Thapari", "Ursache", "Vlaicu", "Wongsiri", "Yadavaru", "Zamfiroiu", "Zidaru"),
)

# First and last names: Latin, then Hebrew.
NAMES = (
    (LATIN_FIRST_NAMES, LATIN_LAST_NAMES),
    (HEBREW_FIRST_NAMES, HEBREW_LAST_NAMES),
)

FILE_NAMES = ("IMG_{number:04}.jpg", "scan-{number:04}.jpg", "card {number}.jpg")


class Phrases(NamedTuple):
    """Phrases of users and employees, in the business's language.

    `day_comments`, `guard_duty` and `rain` also appear in the images of cards.
    """

    day_comments: tuple[str, ...]
    guard_duty: str
    rain: str
    card_notes: tuple[str, ...]
    rejection_reasons: tuple[str, ...]
    reopening_reasons: tuple[str, ...]
    profile_name: str
    closing_note: str


PHRASES = {
    "en": Phrases(
        day_comments=("crane stood still", "left early", "training", "instead of Moti"),
        guard_duty="guard duty",
        rain="no work: rain",
        card_notes=(
            "Came by post.",
            "The site manager signed on the back.",
            "Corner torn off, all lines can be read.",
            "Asked the site about the 9th; waiting for an answer.",
        ),
        rejection_reasons=(
            "The picture is blurred: please take it again.",
            "Not signed by the site manager.",
            "This card was handed in twice.",
            "The lower half of the card is missing.",
        ),
        reopening_reasons=(
            "The site manager corrected the hours of one day.",
            "Approved too early: the overtime was still being discussed.",
            "A day was read wrongly.",
        ),
        profile_name="Payroll office",
        closing_note="What still waits is paid with the next month.",
    ),
    "he": Phrases(
        day_comments=("המנוף עמד", "יצא מוקדם", "הדרכה", "במקום מוטי"),
        guard_duty="שמירה",
        rain="לא עבדו: גשם",
        card_notes=(
            "הגיע בדואר.",
            "מנהל האתר חתם מאחור.",
            "הפינה נקרעה, אפשר לקרוא את כל השורות.",
            "שאלנו את האתר על ה־9 בחודש; מחכים לתשובה.",
        ),
        rejection_reasons=(
            "התמונה מטושטשת: נא לצלם שוב.",
            "אין חתימה של מנהל האתר.",
            "הכרטיס הזה הוגש פעמיים.",
            "חסר החצי התחתון של הכרטיס.",
        ),
        reopening_reasons=(
            "מנהל האתר תיקן את השעות של אחד הימים.",
            "אושר מוקדם מדי: השעות הנוספות עוד היו בבירור.",
            "אחד הימים נקרא לא נכון.",
        ),
        profile_name="משרד השכר",
        closing_note="מה שעדיין ממתין ישולם עם החודש הבא.",
    ),
}
